import { messageOf } from "../../src/domain/errors.ts";
import { openStore } from "../../src/record/open-store.ts";

// Opens the database of the first argument, says so or why not, and keeps it until it is killed.
try {
  await openStore({ databaseUrl: process.argv[2] ?? "" });
  console.log("open");
  setInterval(() => undefined, 60_000);
} catch (error) {
  console.log(messageOf(error));
}
