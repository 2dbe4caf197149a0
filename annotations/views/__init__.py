"""The site's HTML pages: views, forms, and the texts that only pages need."""
