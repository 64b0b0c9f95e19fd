# The operator's image. `docker build .` takes the public base and the package index; `make image`
# passes its own base and a folder of wheels where neither can be reached.
ARG BASE=python:3.11-slim
FROM ${BASE} AS install
COPY . /source
WORKDIR /source
ARG PIP_OPTIONS=""
RUN python3 -m pip install --no-cache-dir --require-hashes ${PIP_OPTIONS} \
      --target /opt/daskop --requirement requirements/image.txt \
 && python3 -m pip install --no-cache-dir --no-deps ${PIP_OPTIONS} --target /opt/daskop \
      "$(find . -path './wheels/daskop-*.whl' | grep . || echo .)"

FROM ${BASE}
COPY --from=install /opt/daskop /opt/daskop
ENV PYTHONPATH=/opt/daskop PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["python3", "-m", "daskop"]
CMD ["run"]
