import { pngSize } from "./png.ts";
import { problem, type Rule, rule } from "./rule.ts";

/** Name, greatest width and height, whether Splunkbase asks for it. */
const icons: readonly (readonly [
  name: string,
  rule: string,
  width: number,
  height: number,
  isNeeded: boolean,
])[] = [
  ["appIcon", "check_app_icon", 36, 36, true],
  ["appIcon_2x", "check_app_icon_2x", 72, 72, true],
  ["appIconAlt", "check_app_icon_alt", 36, 36, false],
  ["appIconAlt_2x", "check_app_icon_alt_2x", 72, 72, false],
  ["appLogo", "check_app_logo", 160, 40, false],
  ["appLogo_2x", "check_app_logo_2x", 320, 80, false],
];

/** Facts 3.3: the icons of the app. */
export const iconRules: readonly Rule[] = icons.flatMap(([name, prefix, width, height, isNeeded]) => {
  const path = `static/${name}.png`;
  return [
    rule(`${prefix}_is_png`, "failure", (app) => {
      const bytes = app.bytes(path);
      if (bytes === undefined) {
        return isNeeded ? [problem(path, "is missing")] : [];
      }
      return pngSize(bytes) === undefined ? [problem(path, "is no PNG")] : [];
    }),
    rule(`${prefix}_dimensions`, "failure", (app) => {
      const size = pngSize(app.bytes(path) ?? new Uint8Array());
      const isWell = size === undefined || (size.width <= width && size.height <= height);
      return isWell ? [] : [problem(path, `is ${size.width}×${size.height}, at most ${width}×${height}`)];
    }),
  ];
});
