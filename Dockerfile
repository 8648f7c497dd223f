# syntax=docker/dockerfile:1

FROM rust:1-bookworm AS builder
# OpenSSL's headers are for libpq, so that it speaks TLS to a PostgreSQL on another machine.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# The target folder is a cache that no layer keeps, so the binary is taken out in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked -p messaging-api --features postgres-tls \
    && install -D target/release/messaging /out/messaging

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin messaging \
    && install --directory --owner messaging --group messaging --mode 0750 /data
COPY --from=builder /out/messaging /usr/local/bin/messaging
USER messaging
WORKDIR /data
VOLUME /data
ENV MESSAGING_ENV=production \
    MESSAGING_LISTEN=0.0.0.0:8080 \
    MESSAGING_DATA_DIR=/data
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/messaging"]
