// Node-RED without its editor, on loopback; it says `ready` when its flow takes requests.
module.exports = {
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.PORT),
  httpAdminRoot: false,
  flowFile: "flows.json",
  credentialSecret: "none are kept",
  logging: {
    ready: {
      level: "info",
      metrics: false,
      audit: false,
      handler: () => (said) => {
        if (String(said.msg).startsWith("Started flows")) console.log("ready");
      },
    },
  },
};
