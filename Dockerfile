# Never built where it was written, which has no Docker engine: checked by hadolint alone.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
# requirements-otel.txt with OpenTelemetry
ARG REQUIREMENTS=requirements.txt
COPY requirements*.txt .
RUN pip install --require-hashes -r ${REQUIREMENTS}
COPY . .
RUN useradd --system --uid 10001 --home-dir /app callsheet
# By number: Kubernetes wants to see that it is not root.
USER 10001
CMD ["python", "-m", "api"]
