FROM node:24-bookworm-slim

ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app

COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

COPY src ./src

RUN mkdir -m 0700 /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 8080

HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "src/main.ts", "healthcheck"]

CMD ["node", "src/main.ts", "serve"]
