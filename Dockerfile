# The operator: one static program in an image of nothing else.
#
#   docker build --tag registry.example.com/stackwright:dev .
#
# The program is the same bytes wherever and whenever it is built from one commit with one version of Go.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY main.go ./
COPY api ./api
COPY controllers ./controllers
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags="-s -w" -o /stackwright .

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="Stackwright" \
      org.opencontainers.image.description="Kubernetes operator for backend stacks" \
      org.opencontainers.image.source="https://github.com/stackwright/stackwright" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /stackwright /stackwright
USER 65532:65532
ENTRYPOINT ["/stackwright"]
