# The operator's image. `docker build .` takes the public base and the package index; `make image`
# passes its own bases and a folder of wheels where neither can be reached.
ARG BASE=python:3.11-slim
# What the operator runs on may be another image with the same Python, and needs no shell.
ARG RUNTIME=${BASE}

FROM ${BASE} AS install
COPY . /source
WORKDIR /source
ARG PIP_OPTIONS=""
# The last lines remove what nobody imports: programs, and the client's typed methods (60 MB).
RUN python3 -m pip install --no-cache-dir --no-compile --no-deps --require-hashes ${PIP_OPTIONS} \
      --target /opt/daskop --requirement requirements/image.txt \
 && cp -r src/daskop LICENSE /opt/daskop \
 && cd /opt/daskop && rm -r bin kubernetes/aio kubernetes/client/api \
 && find kubernetes/client/models -type f ! -name __init__.py -delete

FROM ${RUNTIME}
LABEL org.opencontainers.image.title="daskop" \
      org.opencontainers.image.description="A Dask operator for Kubernetes" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.version="0.1.0"
COPY --from=install /opt/daskop /opt/daskop
ENV PYTHONPATH=/opt/daskop PYTHONUNBUFFERED=1
# Leaves the bytecode of all that a start imports: at run time nothing can be written.
RUN ["python3", "-m", "daskop", "--help"]
ENV PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["python3", "-m", "daskop"]
CMD ["run"]
