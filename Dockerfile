# Built in one stage with everything, run in another with what the server needs: Node, compiled JavaScript and the
# dependencies of production. Neither stage runs an install script (.npmrc).
FROM node:26-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && chmod +x dist/main.js
# The image brings its own Node, so the one among the optional dependencies stays out.
RUN npm ci --omit=dev --omit=optional

FROM node:26-bookworm-slim
LABEL org.opencontainers.image.title="Ninefold" \
      org.opencontainers.image.description="S3-compatible object storage that keeps every object as nine erasure-coded shards" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
# Any user may run it (docker run --user): the data folder is writable by all, and sticky as /tmp is.
RUN ln -s /app/dist/main.js /usr/local/bin/ninefold && mkdir /data && chmod 1777 /data
ENV NODE_ENV=production \
    NINEFOLD_HOST=0.0.0.0 \
    NINEFOLD_DATA=/data
USER node
VOLUME /data
EXPOSE 9000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["ninefold", "healthcheck"]
ENTRYPOINT ["ninefold"]
CMD ["serve"]
