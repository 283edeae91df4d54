const endMark = "# the script ends here";

/**
 * How a shell runs a script that comes on its standard input, and has its arguments. As a part of the command line it would be too
 * long for hosts that take no more than SSH promises (32 KiB), and stand in every log of sudo.
 * @returns `command` for `sh -c`, and the `input`. Nothing may follow it until the script has said something: what reads it may
 * read more. An input that is cut off does nothing.
 */
export function scriptOnInput(script: string): { readonly command: string; readonly input: string } {
  const input = `${script}\n${endMark}\n`;
  const command = `s=$(head -c ${Buffer.byteLength(input)}); case $s in *"${endMark}") eval "$s" ;; esac`;
  return { command, input };
}
