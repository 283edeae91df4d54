/** What Express costs: it parses the body and answers, and keeps nothing. Prints its port. */
import express from "express";

const app = express();
app.use(express.json({ limit: "5mb" }));
app.post("/webhooks/splunk/:token", (_request, response) => {
  response.status(202).json({ status: "accepted" });
});
const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" && address !== null ? address.port : 0);
});
