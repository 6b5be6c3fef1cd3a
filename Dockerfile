# One image for the API, the indexer, the mail worker and the migrations: they share the code and differ by command.
FROM python:3.13.9-slim-bookworm AS build
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY pyproject.toml README.md ./
COPY nyumba nyumba
COPY indexer indexer
COPY migrations migrations
RUN pip install --no-cache-dir "hatchling>=1.33,<2" \
    && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /venv/bin/pip install --no-cache-dir --no-deps /wheels/*.whl \
    && /venv/bin/pip uninstall --yes pip

FROM python:3.13.9-slim-bookworm
# The directories belong to the user, and so do the volumes that are mounted over them for the first time.
RUN useradd --system --uid 10001 --user-group nyumba \
    && install -d -o nyumba -g nyumba /var/lib/nyumba/images \
    && install -d -o nyumba -g nyumba -m 700 /keys/api /keys/events /keys/indexer /keys/analyst /keys/kibana \
    && pip uninstall --yes pip
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --retries=12 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["nyumba", "serve", "--host", "0.0.0.0", "--port", "8000", "--drain-seconds", "5"]
