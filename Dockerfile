# The current LTS release of Node on Debian's slim image. Only the major version is pinned, so that a build with --pull
# gets fixes. For a reproducible build: --build-arg NODE_VERSION=26.10.0
ARG NODE_VERSION=26
ARG DEBIAN_RELEASE=trixie

FROM node:${NODE_VERSION}-${DEBIAN_RELEASE}-slim AS node
WORKDIR /app


FROM node AS build
COPY package.json package-lock.json ./
# Without --omit=optional: esbuild, which bundles the service, has its binary in an optional dependency.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY prisma.config.ts ./
COPY prisma ./prisma
RUN npm run prepare
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && chmod +x dist/cli.js


# Delete files that are never loaded, which make up most of node_modules: TypeScript (Node does not load it from
# node_modules), source maps, tests of packages, and Prisma, the largest of the packages that are bundled in dist.
FROM node AS dependencies
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
  npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && find node_modules -type f \( \
    -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.test.js' \) -delete \
  && find node_modules -type d \( -name test -o -name __tests__ \) \
    -exec test -e '{}/../package.json' ';' -prune -exec rm -r '{}' + \
  && rm -r node_modules/@prisma


FROM node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
RUN ln -s /app/dist/cli.js /usr/local/bin/neptun-resources
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY prisma/migrations ./prisma/migrations
COPY --from=build /app/dist ./dist

# The files belong to root, so that the process cannot change them. The user is numeric, because Kubernetes cannot
# verify runAsNonRoot with a name.
USER 1000:1000
EXPOSE 3000

# Liveness, not readiness: replacing an unhealthy container would not help while the database is unavailable. Load
# balancers use /health/ready.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", \
  "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# Without a shell or npm in between, signals reach Node.
ENTRYPOINT []
# The options of `npm start` (docs/trials.md: memory).
CMD ["node", "--no-warnings", "--max-semi-space-size=8", "--heap-growing-percent=100", "dist/server.js"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="neptun-projects-resources" \
  org.opencontainers.image.description="REST microservice that stores imports and linked resources of projects" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
