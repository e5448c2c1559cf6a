# lineage-audit on its own: locked versions, no compiler, no root. Mount models read-only below /models:
#   docker build -t lineage-audit . && docker run --rm -v "$PWD:/models:ro" lineage-audit compare a b
FROM python:3.12-slim AS build
WORKDIR /source
COPY requirements/run.lock requirements/run.lock
RUN python -m venv /opt/lineage-audit \
 && /opt/lineage-audit/bin/pip install --no-cache-dir --no-deps -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY docs/rules docs/rules
COPY lineage_audit lineage_audit
RUN /opt/lineage-audit/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/lineage-audit/bin/pip uninstall --yes --quiet hatchling editables pip

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 auditor
COPY --from=build /opt/lineage-audit /opt/lineage-audit
ENV PATH=/opt/lineage-audit/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER auditor
WORKDIR /models
ENTRYPOINT ["lineage-audit"]
CMD ["--help"]
