"""How gunicorn serves; ``manage.py serve`` starts it with this."""

from config.settings import LOGGING

wsgi_app = "config.wsgi"
worker_class = "gthread"
workers, threads = 2, 4
# One load for all workers; nothing connects to the database while it loads.
preload_app = True
graceful_timeout = 20
# Forwarded addresses and schemes are believed in one place only: Django's, by TRUSTED_PROXY_COUNT.
forwarded_allow_ips = ""
control_socket_disable = True

logconfig_dict = LOGGING
accesslog = "-"
# The path without its query; who came and from where is not written down.
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"
