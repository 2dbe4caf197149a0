"""The WSGI application of the site. Under gunicorn, ``ecgreview.site.gunicorn`` wraps it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecgreview.settings")

application = get_wsgi_application()
