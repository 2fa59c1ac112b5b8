# The container image: one static binary, nothing else, not root.
#
#   docker build -t gregor .
#   docker run -p 9092:9092 -v gregor:/var/lib/gregor gregor
#
# `make image` builds the same image without Docker, from the last stage below.
# Clients elsewhere need to be told where the broker is; what follows the image's
# name replaces CMD:
#
#   docker run -p 9092:9092 gregor start --dir /var/lib/gregor \
#     --override listeners=PLAINTEXT://:9092 --override advertised.listeners=PLAINTEXT://my.host:9092

FROM golang:1.26 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/gregor ./cmd/gregor && mkdir -p /out/var/lib/gregor

FROM scratch
LABEL org.opencontainers.image.title=gregor
LABEL org.opencontainers.image.licenses=Apache-2.0
COPY --from=build --chown=65532:65532 /out/ /
USER 65532:65532
EXPOSE 9092 9404
VOLUME /var/lib/gregor
HEALTHCHECK --interval=5s --timeout=4s --start-period=5s --retries=3 CMD ["/gregor", "health"]
ENTRYPOINT ["/gregor"]
CMD ["start", "--dir", "/var/lib/gregor", "--override", "listeners=PLAINTEXT://:9092", "--override", "advertised.listeners=PLAINTEXT://localhost:9092"]
