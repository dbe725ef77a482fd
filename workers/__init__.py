"""The Celery side: the app, what each process opens after its fork, tasks of a few lines, supervision."""
