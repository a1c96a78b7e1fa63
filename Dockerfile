# Porte-voix in one image, for one process or for each of many: docs/deploy/README.md. A test runs its commands without Docker.

FROM python:3.11-slim-bookworm AS installed
WORKDIR /srv/porte-voix
COPY requirements.lock ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
# Such as --build-arg EXTRA=s3, for pictures in a bucket.
ARG EXTRA=""
COPY pyproject.toml requirements-dev.lock ./
RUN [ -z "$EXTRA" ] || { .venv/bin/pip install --no-cache-dir uv && .venv/bin/uv pip install --no-cache --python .venv/bin/python -r pyproject.toml --extra "$EXTRA" --constraints requirements-dev.lock; }

FROM python:3.11-slim-bookworm
# Arabic and Hebrew names on badges. The fonts, emoji's too, are the program's own.
RUN apt-get update && apt-get install -y --no-install-recommends libfribidi0 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/porte-voix porte-voix && install -d -m 0700 -o porte-voix -g porte-voix /var/lib/porte-voix
WORKDIR /srv/porte-voix
COPY --from=installed /srv/porte-voix/.venv .venv
COPY . .
RUN .venv/bin/python -m compileall -q run_bot.py badges bot campaigns commands networks sandbox schedules web
ENV PORTEVOIX_HOST=0.0.0.0 PORTEVOIX_PORT=8000 PORTEVOIX_DATA_DIR=/var/lib/porte-voix PYTHONUNBUFFERED=1
USER porte-voix
VOLUME /var/lib/porte-voix
EXPOSE 8000
# Of who serves the pages; what has another role is seen there too, and switches this off.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD [".venv/bin/python", "-c", "import os, sys, urllib.error, urllib.request as web\ntry: web.urlopen('http://127.0.0.1:' + os.environ['PORTEVOIX_PORT'] + '/healthz', timeout=8)\nexcept (OSError, urllib.error.URLError) as error: sys.exit(str(error))"]
ENTRYPOINT [".venv/bin/python", "run_bot.py"]
CMD ["run"]
