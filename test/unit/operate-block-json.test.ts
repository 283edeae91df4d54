import { expect, test } from "vitest";
import { forever } from "../../src/domain/block.ts";
import { prefixOf } from "../../src/domain/ip-address.ts";
import { blockJson } from "../../src/operate/block-json.ts";
import { attacker, decidedAt, endsAt } from "./notify-stories.ts";

test("a block without end ends at null, any other when it does", () => {
  const block = {
    id: "bl_1",
    prefix: prefixOf(attacker),
    mode: "enforce",
    groups: ["edge"],
    decisionId: "de_1",
    createdAt: decidedAt,
    expiresAt: endsAt,
  } as const;

  expect(blockJson(block)).toEqual(block);
  expect(blockJson({ ...block, expiresAt: forever })).toEqual({ ...block, expiresAt: null });
});
