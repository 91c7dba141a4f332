# The balancer alone: the database servers run elsewhere, see docker-compose.yml.
FROM node:24-slim AS build
WORKDIR /lockstep
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node scripts/prepare.mjs && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /lockstep
COPY --from=build /lockstep/package.json ./
COPY --from=build /lockstep/node_modules ./node_modules
COPY --from=build /lockstep/dist ./dist
RUN ln -s /lockstep/dist/cli/main.js /usr/local/bin/lockstep \
  && mkdir -p /etc/lockstep /var/lib/lockstep \
  && chown node:node /var/lib/lockstep
# The command log: it must outlive the container, or acknowledged writes may be lost with it.
VOLUME /var/lib/lockstep
USER node
EXPOSE 3300 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8000/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["lockstep"]
CMD ["serve", "--config", "/etc/lockstep/lockstep.yaml"]
