# Waybill's server image: `docker build -t waybill .`
# Further targets are the demo's: its order system (`docker build --target demo -t waybill-demo .`),
# its payment points, and the RocketMQ that they speak with.

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

FROM maven:3-eclipse-temurin-17 AS jars
COPY setup/rocketmq/pom.xml /src/rocketmq/pom.xml
COPY demo/points /src/points
RUN mvn -q -B -f /src/rocketmq/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/opt/rocketmq/jars \
 && mvn -q -B -f /src/points/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/opt/points/jars \
 && mv /opt/points/jars/opentelemetry-javaagent-*.jar /opt/points/agent.jar \
 && javac --release 17 -cp '/opt/points/jars/*' -d /opt/points/classes /src/points/src/*.java

FROM eclipse-temurin:17-jre AS rocketmq
RUN useradd --system --user-group --home-dir /var/lib/rocketmq --create-home rocketmq
COPY --from=jars /opt/rocketmq /opt/rocketmq
USER rocketmq
ENTRYPOINT ["java", "-XX:+UseSerialGC", "-Drocketmq.home.dir=/var/lib/rocketmq", "-cp", "/opt/rocketmq/jars/*"]

FROM eclipse-temurin:17-jre AS points
RUN useradd --system --user-group --home-dir /var/lib/points --create-home points
COPY --from=jars /opt/points /opt/points
USER points
ENTRYPOINT ["java", "-Xmx128m", "-XX:+UseSerialGC", "-cp", "/opt/points/classes:/opt/points/jars/*"]

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
