# The current LTS of Node on Debian's slim image. Patch releases float, so that a build with --pull takes their fixes;
# for one that can be repeated: --build-arg NODE_VERSION=26.10.0
ARG NODE_VERSION=26
ARG DEBIAN_RELEASE=trixie

FROM node:${NODE_VERSION}-${DEBIAN_RELEASE}-slim AS node
WORKDIR /app


FROM node AS build
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=optional --ignore-scripts --no-audit --no-fund
COPY prisma.config.ts ./
COPY prisma ./prisma
RUN npm run prepare
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && chmod +x dist/cli.js


# Most of what is installed is never loaded: TypeScript (Node refuses it below node_modules), source maps, the tests of
# packages, and Prisma's query compilers for other databases, for CommonJS, and of the size that schema.prisma does not
# name (compilerBuild). The patterns name what is deleted, so that whatever a new release adds is kept.
FROM node AS dependencies
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm \
  npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && find node_modules -type f \( \
    -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.test.js' \) -delete \
  && find node_modules -type d \( -name test -o -name __tests__ \) \
    -exec test -e '{}/../package.json' ';' -prune -exec rm -r '{}' + \
  && find node_modules/@prisma/client/runtime -type f \( \
    -name '*.cockroachdb.*' -o -name '*.mysql.*' -o -name '*.sqlite.*' -o -name '*.sqlserver.*' \
    -o -name 'query_compiler_fast_*' -o -name 'wasm-compiler-edge.*' -o -name '*.wasm-base64.js' \) -delete


FROM node
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
RUN ln -s /app/dist/cli.js /usr/local/bin/neptun-resources
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY prisma/migrations ./prisma/migrations
COPY --from=build /app/dist ./dist

# The files are root's; the process cannot change them. A number, so that a cluster can see that it is not root.
USER 1000:1000
EXPOSE 3000

# Whether the process answers, not whether it can serve: whoever replaces a container that is unhealthy would not mend a
# database that is away. For a load balancer there is /health/ready.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["node", "-e", \
  "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# No shell and no npm between: signals reach Node.
ENTRYPOINT []
# As `npm start` does (docs/trials.md: memory).
CMD ["node", "--no-warnings", "--max-semi-space-size=8", "--heap-growing-percent=100", "dist/server.js"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="neptun-projects-resources" \
  org.opencontainers.image.description="REST microservice that keeps the imports and the linked resources of a user's projects" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
