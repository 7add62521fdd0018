# Waybill's server image: `docker build -t waybill .`
# A second target holds the demo's order system: `docker build --target demo -t waybill-demo .`

FROM rust:1-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential perl pkg-config libssl-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/* \
 && rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
# The bundle first: a release embeds the files that lie in web/pkg.
RUN cargo xtask bundle
RUN cargo build --locked --release -p waybill-server -p waybill-demo

FROM debian:12-slim AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl \
 && rm -rf /var/lib/apt/lists/*

FROM base AS demo
RUN useradd --system --user-group --no-create-home demo
COPY --from=build /src/target/release/waybill-demo /usr/local/bin/waybill-demo
USER demo
ENTRYPOINT ["waybill-demo"]

# Last, so that it is what a plain build gives.
FROM base AS waybill
# The server programs, for the private Postgres of a start without database.url.
RUN mkdir -p /etc/postgresql-common/createcluster.d \
 && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/waybill.conf \
 && apt-get update \
 && apt-get install -y --no-install-recommends postgresql \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --user-group --home-dir /var/lib/waybill --create-home waybill
COPY --from=build /src/target/release/waybill /usr/local/bin/waybill
USER waybill
WORKDIR /var/lib/waybill
ENV WAYBILL_DATA_DIR=/var/lib/waybill/data
VOLUME /var/lib/waybill
# Console and API; OTLP over gRPC; OTLP over HTTP.
EXPOSE 8080 4317 4318
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD curl -fsS http://127.0.0.1:8080/readyz
ENTRYPOINT ["waybill"]
CMD ["serve"]
