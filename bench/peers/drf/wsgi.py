"""What gunicorn serves; the tables are made when it is loaded."""

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

django.setup()
call_command("migrate", run_syncdb=True, verbosity=0)
application = get_wsgi_application()
