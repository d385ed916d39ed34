# syntax=docker/dockerfile:1

# LignaFlow as one small image: docker build -t lignaflow .
# Alone, on SQLite:  docker run --read-only --tmpfs /tmp -p 8443:8443 -p 8080:8080 \
#                      -v lignaflow-data:/data -v lignaflow-certs:/certs lignaflow
# With PostgreSQL:   docker-compose.yml

FROM rust:1.95-bookworm AS builder
WORKDIR /src
# The toolchain by itself, so that this layer outlives changes of the code.
COPY rust-toolchain.toml ./
RUN rustup toolchain install
COPY . .
# What cargo downloads and compiles stays in caches, not in layers; only the program leaves them.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    --mount=type=cache,target=/src/plugins/target,sharing=locked \
    cargo xtask build && install -D target/release/lignaflow /out/lignaflow

FROM debian:bookworm-slim
# Root certificates for what plugins are allowed to call; nobody can sign in as the user.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 lignaflow \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin lignaflow \
    && install -d -m 0700 -o 10001 -g 10001 /data /certs
COPY --from=builder /out/lignaflow /usr/local/bin/lignaflow
COPY config/lignaflow.toml /app/config/lignaflow.toml
WORKDIR /app
USER 10001:10001
# The database (where it is SQLite), compiled plugins and files; the local certificate authority. The rest of the file
# system is never written to.
ENV LIGNAFLOW_DATA_DIR=/data \
    LIGNAFLOW_CERTS_DIR=/certs \
    LIGNAFLOW_SERVER__HTTPS=0.0.0.0:8443 \
    LIGNAFLOW_SERVER__HTTP=0.0.0.0:8080
VOLUME ["/data", "/certs"]
EXPOSE 8443 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 CMD ["lignaflow", "health"]
ENTRYPOINT ["lignaflow"]
CMD ["serve"]
