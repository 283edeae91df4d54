import { callReceiver } from "./call-receiver.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";

/** For a container's health check: quiet, exit code 0 when the receiver answers. @throws {AppError} API_UNREACHABLE */
export async function healthcheck(host: Host): Promise<ExitCode> {
  const { status } = await callReceiver(await readReceiver(host), {
    method: "GET",
    path: "/healthz",
    asAdmin: false,
  });
  return status === 200 ? 0 : 1;
}
