# The grader with all that it needs to hold strangers' notebooks. docs/container.md says how to build it and which rights
# its sandbox needs.
FROM docker.io/library/debian:bookworm-20260824-slim AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY constraints.txt pyproject.toml ./
ARG EXTRAS=notebooks,desk,dask,embeddings,postgresql
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1
# The packages it needs come first: another version of the grader is then built in seconds.
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
    extras = [project['optional-dependencies'][name] for name in '$EXTRAS'.split(',')]; \
    print(*project['dependencies'], *sum(extras, []), sep='\n')" >needs.txt \
    && python3 -m venv /opt/grader \
    && /opt/grader/bin/pip install -q -r needs.txt
COPY README.md ./
COPY grader grader
COPY rubrics rubrics
COPY reference/assignment.ipynb reference/
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/grader/bin/pip wheel -q --no-deps --wheel-dir /wheels . \
    && /opt/grader/bin/pip install -q --no-deps /wheels/grader-*.whl \
    && /opt/grader/bin/pip check

FROM docker.io/library/debian:bookworm-20260824-slim
# Any user may be given with --user: home and volumes are open to all that run here.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
       bubblewrap dataset-fashion-mnist libseccomp2 python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --user-group --home-dir /home/grader grader \
    && install -d -m 1777 /home/grader /srv/out /srv/store
COPY --from=build /opt/grader /opt/grader
ENV HOME=/home/grader PATH=/opt/grader/bin:/usr/local/bin:/usr/bin:/bin
USER 1000:1000
WORKDIR /srv
ENTRYPOINT ["grader"]
CMD ["--help"]
