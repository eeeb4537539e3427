# One executable in an otherwise plain system; nothing of the tools that build it.
FROM oven/bun:1.4.5-debian AS build
WORKDIR /source
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production --omit=optional
COPY tsconfig.json ./
COPY config ./config
COPY migrations ./migrations
COPY src ./src
RUN bun run build --outfile /out/millrace

FROM debian:12.12-slim
RUN groupadd --gid 65532 nonroot \
	&& useradd --uid 65532 --gid nonroot --no-create-home --shell /usr/sbin/nologin nonroot \
	&& install --directory --owner nonroot --group nonroot /var/lib/millrace
COPY --from=build /out/millrace /usr/local/bin/millrace

ENV HOST=0.0.0.0 OPS_HOST=0.0.0.0 MILLRACE_DATA=/var/lib/millrace
# Memory that was used once is kept: docs/decisions/0009.
ENV MIMALLOC_PURGE_DELAY=-1
WORKDIR /var/lib/millrace
VOLUME /var/lib/millrace
EXPOSE 8080 9090

# By number, so that an orchestrator can see that it is not root.
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["millrace", "health"]
ENTRYPOINT ["millrace"]
CMD ["start"]
