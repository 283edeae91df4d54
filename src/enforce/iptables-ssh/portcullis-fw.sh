#!/bin/sh
# portcullis-fw: all that Portcullis ever runs on a firewall host. POSIX sh and awk; needs root, ip, and iptables or nft.
#
# Streamed: sh -c "$(cat portcullis-fw.sh)" portcullis-fw session|batch NONCE "$SSH_CONNECTION"
# Installed as /usr/local/sbin/portcullis-fw: no arguments; the first line of input is `start session|batch NONCE`.
#
# It greets with `NONCE ready 2 BACKEND SUM`. BACKEND: `sets` (ipset and iptables), `nft` (no ipset or no iptables), `rules`
# (iptables alone). SUM: of this file, when installed. `session` answers requests until its input ends, `batch` takes its
# whole input as one request. A request is lines, followed by `end ID` in a session and by `end batch` in a batch: what was cut
# off before that is not done.
#
#   add PREFIX SECONDS|-  drop packets from PREFIX (canonical, IPv4 /24../32, IPv6 /48../128) for 1..2147483 seconds; `-`: for ever
#   del PREFIX            stop dropping them
#   rebuild               with `add` lines: they become all that is dropped, in one step
#   verify PREFIX         say whether it is in force, and change nothing
#   read                  report, and change nothing
#   forget                empty the list of what must never be dropped (kept from request to request)
#   never PREFIX          add to that list
#   outbound on|off       also drop packets to the blocked networks (kept from request to request; off at first)
#   probe PREFIX          try on a documentation address, for seconds and over loopback, whether dropping works
#   route                 say whether the default gateways answer
#   inspect               show what rules, programs and settings the host has, and change nothing
#   remove-all            take everything of ours out of the kernel, and nothing else
#   install USER          with `key LINE` and `script LINE`...: make a user who may run this script, and nothing else
#   uninstall USER        undo that
#
# A request to change something, or an empty one, first puts the drop rules in place where they are not. What is printed
# before the first line that starts with NONCE comes from the login shell. Answers stand between `NONCE begin ID` and
# `NONCE end ID`:
#
#   verified|applied|refused|failed PREFIX [WHY]  read back from the kernel; applied: it is in the list, but packets may pass
#   repaired|removed|installed WHAT               what was done
#   entry PREFIX SECONDS|- [PACKETS BYTES]        dropped now, and what it has dropped
#   capacity USED MOST                            of the fullest list, where there is a limit
#   fault WHAT                                    why packets might still pass
#   own ADDRESS                                   of this host, of a default gateway, of the other end of the SSH connection
#   probe PREFIX SENT ANSWERED DROPPED            sent before and again after the block; answered before; dropped after
#   probe PREFIX failed WHY
#   gateway ADDRESS answers|silent                `gateway none` without one
#   text SECTION LINE                             of `inspect`
#   error WHY                                     the request as a whole failed
set -u
LC_ALL=C
helper=/usr/local/sbin/portcullis-fw
home=/var/lib/portcullis-fw
sudoers=/etc/sudoers.d/portcullis
newline='
'
nevers='' outbound='' good4='' good6='' other_before='' timed=1
busy='another session has been changing the rules of this host for too long'

# ---- addresses: shared by both awk programs below ----
# shellcheck disable=SC2016 # awk's dollars, not the shell's
addresses='
BEGIN { two[0] = 1; for (i = 1; i <= 16; i++) two[i] = two[i - 1] * 2 }
function quad(text,   i) {
  if (split(text, part, ".") != 4) return 0
  for (i = 1; i <= 4; i++) if (part[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || part[i] + 0 > 255) return 0
  return 1
}
function number(hex,   i, value) {
  for (i = 1; i <= length(hex); i++) value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
  return value + 0
}
function eight(text,   halves, count, left, right, a, b, i) {
  count = split(text, halves, "::")
  if (text !~ /^[0-9a-f:]+$/ || count > 2) return 0
  left = split(halves[1], a, ":")
  right = count == 2 ? split(halves[2], b, ":") : 0
  if (count == 2 ? left + right > 7 : left != 8) return 0
  for (i = 1; i <= 8; i++) part[i] = 0
  for (i = 1; i <= left; i++) if (!group(i, a[i])) return 0
  for (i = 1; i <= right; i++) if (!group(8 - right + i, b[i])) return 0
  return 1
}
function group(at, hex) {
  if (hex !~ /^[0-9a-f][0-9a-f]?[0-9a-f]?[0-9a-f]?$/) return 0
  part[at] = number(hex)
  return 1
}
function parse(text) {
  family = index(text, ":") ? 6 : 4
  return family == 6 ? eight(text) : quad(text)
}
# The address in part[] cut to len bits, as the kernel prints it.
function cut(len,   bits, count, width, i, size) {
  count = family == 6 ? 8 : 4
  width = family == 6 ? 16 : 8
  for (i = 1; i <= count; i++) {
    bits = len - (i - 1) * width
    size = bits >= width ? 1 : bits <= 0 ? two[width] : two[width - bits]
    net[i] = part[i] - part[i] % size
  }
  return family == 6 ? shortest() : net[1] "." net[2] "." net[3] "." net[4]
}
function shortest(   i, run, start, best, from, text) {
  for (i = 1; i <= 9; i++) {
    if (i < 9 && net[i] == 0) { if (!run++) start = i }
    else { if (run > best) { best = run; from = start } run = 0 }
  }
  if (best < 2) from = 99
  for (i = 1; i <= 8; i++) {
    if (i == from) { text = text "::"; i += best - 1 }
    else text = text (text == "" || text ~ /:$/ ? "" : ":") sprintf("%x", net[i])
  }
  return text
}
# Sets family, len and part[]; true for an address with its length whose host bits are zero, in canonical text.
function network(text,   halves) {
  if (length(text) > 43 || split(text, halves, "/") != 2 || !parse(halves[1])) return 0
  len = halves[2]
  if (len !~ /^(0|[1-9][0-9]?[0-9]?)$/ || len + 0 > (family == 6 ? 128 : 32)) return 0
  len += 0
  return family == 4 && len == 32 || cut(len) == halves[1]
}
'

# ---- what may be dropped: the request in; plan lines and, as comments, refusals out ----
# shellcheck disable=SC2016
validate="$addresses"'
function why_reserved() {
  if (family == 6) return part[1] >= 8192 && part[1] < 16384 ? "" : "not a public IPv6 address"
  if (part[1] == 0 || part[1] >= 240) return "reserved address"
  if (part[1] >= 224) return "multicast address"
  if (part[1] == 127) return "loopback address"
  if (part[1] == 169 && part[2] == 254) return "link-local address"
  if (part[1] == 10 || part[1] == 172 && int(part[2] / 16) == 1 || part[1] == 192 && part[2] == 168) return "private address"
  if (part[1] == 100 && int(part[2] / 64) == 1) return "shared address (RFC 6598)"
  if (part[1] == 192 && part[2] == 0 && part[3] == 0 || part[1] == 198 && int(part[2] / 2) == 9) return "reserved address"
  return ""
}
# Networks that no block may touch. The long ones are found by their first 24 or 48 bits, the wide ones by their length.
function protect(text, why,   key, slash) {
  slash = index(text, "/")
  if (slash == 0) {
    sub(/%.*/, "", text)
    sub(/^::ffff:/, "", text)
    if (!parse(text)) return 0
    text = cut(128) (family == 6 ? "/128" : "/32")
    if (report && !(text in reported) && text !~ /^(127\.|fe80:|::1\/)/) print "own " substr(text, 1, index(text, "/") - 1)
    reported[text] = 1
  }
  if (!network(text)) return 0
  if (len < (family == 6 ? 48 : 24)) {
    if (!((family, len) in lengths)) { lengths[family, len] = 1; wide[family] = wide[family] " " len }
    because[family, len, cut(len)] = why
    return 1
  }
  key = cut(family == 6 ? 48 : 24)
  near[key] = near[key] " " text
  because[text] = why
  return 1
}
function why_protected(text, length_,   i, count, items, key, other) {
  count = split(wide[family], items, " ")
  for (i = 1; i <= count; i++) if ((family, items[i], key = cut(items[i])) in because) return because[family, items[i], key]
  key = cut(family == 6 ? 48 : 24)
  if (!(key in near)) return ""
  count = split(near[key], items, " ")
  for (i = 1; i <= count; i++) {
    other = substr(items[i], index(items[i], "/") + 1) + 0
    if (length_ < other) other = length_
    network(text)
    key = cut(other)
    network(items[i])
    if (cut(other) == key) return because[items[i]]
  }
  return ""
}
function why_no_probe() {
  if (family == 6) return len == 128 && (part[1] == 8193 && part[2] == 3512 || part[1] == 16383 && part[2] < 4096) ? "" : "not a documentation address"
  if (len == 32 && (part[1] == 192 && part[2] == 0 && part[3] == 2)) return ""
  if (len == 32 && (part[1] == 198 && part[2] == 51 && part[3] == 100 || part[1] == 203 && part[2] == 0 && part[3] == 113)) return ""
  return "not a documentation address"
}
function shown(text) {
  text = substr(text, 1, 43)
  gsub(/[^0-9A-Za-z.:\/]/, "?", text)
  return text == "" ? "?" : text
}
function refuse(text, why) { print "#refused " shown(text) " " why }
section != "#request" && /^#/ { section = $1; next }
section == "#host" && $1 == "default" {
  for (i = 2; i < NF; i++) if ($i == "via") protect($(i + 1) == "inet6" ? $(i + 2) : $(i + 1), "default gateway of this host")
  next
}
section == "#host" { if ($3 ~ /^inet6?$/) { split($4, halves, "/"); known = protect(halves[1], "address of this host") || known }; next }
section == "#peer" { protect($1, "other end of this SSH session"); next }
section == "#nevers" {
  if (NF != 2 || !protect($2, "on the list of what must never be blocked")) { print "#error the never-list holds " shown($2); exit }
  next
}
NF == 0 || $1 == "never" || /^(forget|rebuild|outbound on|outbound off)$/ { next }
$1 !~ /^(add|del|verify|probe)$/ || rebuild && $1 != "add" { print "#error unknown request " shown($1); exit }
rebuild && !known { print "#error the addresses of this host can not be read"; exit }
length($0) > 80 || NF != ($1 == "add" ? 3 : 2) { refuse($2, "not one network and one duration"); next }
!network($2) { refuse($2, "not a canonical network"); next }
family == 6 && no6 != "" { print ($1 == "del" ? "#verified " $2 : "#failed " $2 " " no6); next }
$1 == "del" || $1 == "verify" { print $1 " portcullis" family " " $2; next }
!known { print "#failed " $2 " the addresses of this host can not be read"; next }
len < (family == 6 ? 48 : 24) { refuse($2, family == 6 ? "wider than /48" : "wider than /24"); next }
$1 == "add" && $3 != "-" && ($3 !~ /^[1-9][0-9]*$/ || length($3) > 7 || $3 + 0 > 2147483) { refuse($2, "not 1 to 2147483 seconds"); next }
{
  why = why_reserved()
  if (why == "") why = why_protected($2, len)
  if (why == "" && $1 == "probe") { network($2); why = why_no_probe() }
  if (why != "") refuse($2, why)
  else if ($1 == "probe") print "probe portcullis" family " " $2
  else print "add portcullis" family " " $2 " timeout " ($3 == "-" ? 0 : $3) " comment \"portcullis\""
}
'

# ---- iptables: a rule for one network exactly as we write it; with anything else in it, it is none of ours ----
# shellcheck disable=SC2016
our_rules='
function date(t,   days, era, z, year, day, month) {
  days = int(t / 86400) + 719468
  era = int(days / 146097)
  z = days - era * 146097
  year = int((z - int(z / 1460) + int(z / 36524) - int(z / 146096)) / 365)
  day = z - (365 * year + int(year / 4) - int(year / 100))
  month = int((5 * day + 2) / 153)
  day -= int((153 * month + 2) / 5) - 1
  year += era * 400 + (month >= 10)
  t %= 86400
  return sprintf("%04d-%02d-%02dT%02d:%02d:%02d", year, month + (month < 10 ? 3 : -9), day, int(t / 3600), int(t / 60) % 60, t % 60)
}
# Sets `until`: the second it ends, empty without an end. With -v there are counts in it.
function is_ours(rule) {
  until = ""
  if (rule !~ /^-A PORTCULLIS -[sd] [0-9a-f.:]+\/[0-9]+( (-m time --datestop [0-9T:-]+ )?-m comment --comment "?portcullis-[0-9]+"?)?( -c [0-9]+ [0-9]+)? -j DROP$/) return 0
  if (match(rule, /portcullis-[0-9]+/)) until = substr(rule, RSTART + 11, RLENGTH - 11)
  return !match(rule, /--datestop [^ ]+/) || substr(rule, RSTART + 11, RLENGTH - 11) == date(until)
}
'

# ---- iptables: what is wrong with the drop rules (want=faults), or the iptables-restore input that mends them ----
# `set` is empty where there is no ipset: then our chain holds one rule for each network, which the kernel ends by its date.
# shellcheck disable=SC2016
rules="$our_rules"'
function keep(prefix, end) {
  if (!(prefix in ends)) order[++networks] = prefix
  ends[prefix] = end
}
function jump_faults(chain, wanted) {
  if (!wanted) { if (jumps[chain]) print "the jump from " chain " to PORTCULLIS is not wanted"; return }
  if (!jumps[chain]) print "the jump from " chain " to PORTCULLIS is missing"
  else if (first[chain] != 1) print "the jump from " chain " to PORTCULLIS is not the first rule"
  if (jumps[chain] > 1) print "the jump from " chain " to PORTCULLIS is there " jumps[chain] " times"
}
function mend_jump(chain, wanted) {
  if (wanted ? first[chain] == 1 && jumps[chain] == 1 : !jumps[chain]) return
  while (jumps[chain]-- > 0) print "-D " chain " -j PORTCULLIS"
  if (wanted) print "-I " chain " 1 -j PORTCULLIS"
}
BEGIN {
  inward = "-A PORTCULLIS -m set --match-set " set " src -j DROP\n"
  outward = outbound ? "-A PORTCULLIS -m set --match-set " set " dst -j DROP\n" : ""
}
$1 == "add" && $2 == "portcullis" family { keep($3, $5 == 0 ? "" : now + $5); next }
$1 == "del" && $2 == "portcullis" family { gone[$3] = 1; if ($3 in ends) ends[$3] = 0; next }
$1 == "#unfit" { unfit[$2]; next }
$1 == "-N" && $2 == "PORTCULLIS" { chain = 1; next }
$1 == "-A" && $2 ~ /^(PREROUTING|OUTPUT)$/ { place[$2]++; if ($3 " " $4 == "-j PORTCULLIS" && NF == 4 && !jumps[$2]++) first[$2] = place[$2]; next }
$1 != "-A" || $2 != "PORTCULLIS" { next }
set != "" { body = body $0 "\n"; next }
is_ours($0) {
  ways[$3]++
  if ($3 == "-d" || rebuild || $4 in gone || $4 in ends || $4 in unfit) next
  if (until == "") keep($4, "")
  else if (until + 0 > now) keep($4, until + 0)
  next
}
{ foreign++ }
END {
  if (want == "faults") {
    if (!chain) print "chain PORTCULLIS in table raw is missing"
    else if (set == "") { if (foreign || ways["-d"] + 0 != (outbound ? ways["-s"] + 0 : 0)) print "chain PORTCULLIS holds other rules" }
    else if (!index(body, inward)) print "the drop rule in chain PORTCULLIS is missing"
    else if (outbound && !index(body, outward)) print "the drop rule for packets out in chain PORTCULLIS is missing"
    else if (body != inward outward) print "chain PORTCULLIS holds other rules"
    jump_faults("PREROUTING", 1)
    jump_faults("OUTPUT", outbound)
    exit
  }
  print "*raw"
  if (set == "") {
    print ":PORTCULLIS - [0:0]"
    for (i = 1; i <= networks; i++) {
      prefix = order[i]
      if (ends[prefix] == 0 && ends[prefix] != "") continue
      line = ""
      if (ends[prefix] != "") line = (timed ? " -m time --datestop " date(ends[prefix]) : "") " -m comment --comment portcullis-" sprintf("%.0f", ends[prefix])
      print "-A PORTCULLIS -s " prefix line " -j DROP"
      if (outbound) print "-A PORTCULLIS -d " prefix line " -j DROP"
    }
  } else if (!chain || body != inward outward) printf ":PORTCULLIS - [0:0]\n%s%s", inward, outward
  mend_jump("PREROUTING", 1)
  mend_jump("OUTPUT", outbound)
  print "COMMIT"
}
'

# ---- nft: what is wrong with our table (want=faults), or the transaction that mends it, then makes the changes of the plan ----
# The table holds a set for each length of networks, so that networks may lie in each other and a look-up is one hash.
# No other is ours: made ours, one of a great length would drop the whole net.
# shellcheck disable=SC2016
our_set='
function is_our_set(name) { return name ~ /^v(4_(2[4-9]|3[0-2])|6_(4[89]|[5-9][0-9]|1[01][0-9]|12[0-8]))$/ }
'
# shellcheck disable=SC2016
table="$addresses$our_set"'
function mask(   i) {
  if (len == (family == 6 ? 128 : 32)) return ""
  for (i = 1; i <= 8; i++) part[i] = family == 6 ? 65535 : 255
  return "& " cut(len) " "
}
function drops(field,   bits, text) {
  for (family = 4; family <= 6; family += 2) for (bits = 128; bits >= 0; bits--) {
    if (!(("v" family "_" bits) in wanted)) continue
    len = bits
    text = text (family == 6 ? "ip6 " : "ip ") field " " mask() "@v" family "_" len " counter drop\n"
  }
  return text
}
function chain_of(hook, rules) { return "type filter hook " hook " priority -310; policy accept;\n" rules }
function shape(name) { return "type ipv" substr(name, 2, 1) "_addr\nflags timeout\ncounter\n" }
function chain_faults(name, hook, rules) {
  if (rules == "") { if (name in chains) print "chain " name " of table inet portcullis is not wanted" }
  else if (!(name in chains)) print "chain " name " of table inet portcullis is missing"
  else if (chains[name] != chain_of(hook, rules)) print "chain " name " of table inet portcullis holds other rules"
}
function add_chain(name, hook, rules,   lines, i, n) {
  if (rules == "") return
  printf "add chain inet portcullis %s { type filter hook %s priority -310; policy accept; }\n", name, hook
  n = split(rules, lines, "\n")
  for (i = 1; i < n; i++) print "add rule inet portcullis " name " " lines[i]
}
BEGIN { wanted["v4_32"]; wanted["v4_24"]; wanted["v6_128"]; wanted["v6_64"] }
/^#table$/ { listing = 1; next }
!listing { if ($1 ~ /^(add|del)$/ && network($3) && is_our_set("v" family "_" len)) needed["v" family "_" len]; next }
/^table inet portcullis \{/ { inside = 1; there = 1; next }
/^}/ || !inside { inside = 0; next }
{
  sub(/[ \t]*#.*/, "")
  gsub(/^[ \t]+/, "")
  gsub(/ == @/, " @")
  gsub(/priority raw - 10;/, "priority -310;")
}
/^[a-z]+ [^ ]+ \{$/ { kind = $1; name = $2; if (kind == "chain") chains[name] = ""; if (kind == "set") sets[name] = ""; next }
/^}/ { kind = ""; next }
kind == "chain" { chains[name] = chains[name] $0 "\n"; next }
kind == "set" { sets[name] = sets[name] $0 "\n"; next }
kind == "" && /^flags .*dormant/ { dormant = 1 }
END {
  if (rebuild) { split("", sets); split("", chains) }
  for (name in sets) { if (is_our_set(name)) wanted[name]; else others[name] }
  inward = drops("saddr")
  outward = outbound ? drops("daddr") : ""
  if (want == "faults") {
    if (!there) { print "table inet portcullis is missing"; exit }
    if (dormant) print "table inet portcullis is switched off"
    for (name in wanted) {
      if (!(name in sets)) print "set " name " of table inet portcullis is missing"
      else if (sets[name] != shape(name)) print "set " name " of table inet portcullis has other parameters"
    }
    for (name in chains) if (name !~ /^(prerouting|output)$/) { print "table inet portcullis holds other chains"; break }
    for (name in others) { print "table inet portcullis holds other sets"; break }
    chain_faults("prerouting", "prerouting", inward outward)
    chain_faults("output", "output", outward)
    exit
  }
  for (name in needed) wanted[name]
  inward = drops("saddr")
  outward = outbound ? drops("daddr") : ""
  print "add table inet portcullis"
  # That switches it on again; the kernel takes no other change of the chains with it.
  if (dormant && !rebuild) exit
  if (rebuild) print "delete table inet portcullis\nadd table inet portcullis"
  for (name in chains) print "flush chain inet portcullis " name
  for (name in chains) print "delete chain inet portcullis " name
  for (name in others) print "delete set inet portcullis " name
  for (name in wanted) {
    if (name in sets && sets[name] == shape(name)) continue
    if (name in sets) print "delete set inet portcullis " name
    printf "add set inet portcullis %s { type ipv%s_addr; flags timeout; counter; }\n", name, substr(name, 2, 1)
  }
  add_chain("prerouting", "prerouting", inward outward)
  add_chain("output", "output", outward)
}
'
# ---- nft: the changes of the plan as lines ----
# how=create: fails where an element stands. how=replace: takes it out and puts it in again, as older kernels leave the end of one
# that stands as it was. how=expect: lines that would be refused if the plan were not in force.
# shellcheck disable=SC2016
elements="$our_set"'
function list(command, only, timed,   i, slash, set, open, rest) {
  for (i = 1; i <= count; i++) {
    rest = last[order[i]]
    if (only != "" && substr(rest, 1, 3) != only) continue
    slash = index(order[i], "/")
    set = (index(order[i], ":") ? "v6_" : "v4_") substr(order[i], slash + 1)
    if (set != open) print (open == "" ? "" : "}\n") command " element inet portcullis " (open = set) " {"
    print substr(order[i], 1, slash - 1) (timed && length(rest) > 4 ? " timeout " substr(rest, 5) "s," : ",")
  }
  if (open != "") print "}"
}
$1 == "add" || $1 == "del" {
  # From a set that can not be there nothing has to go.
  if (!is_our_set((index($3, ":") ? "v6_" : "v4_") substr($3, index($3, "/") + 1))) next
  if (!($3 in last)) order[++count] = $3
  last[$3] = $1 " " ($5 > 0 ? $5 : "")
}
END {
  if (how == "expect") { list("delete", "add"); list("create", "del"); exit }
  if (how == "replace") { list("add"); list("delete") } else { list("add", "del"); list("delete", "del") }
  list(how == "create" ? "create" : "add", "add", 1)
}
'

# ---- what is in force: the plan and the kernel's entries in, one line per network out ----
# shellcheck disable=SC2016
judge='
/^#(plan|rules4|rules6|undone4|undone6|trouble4|trouble6|tests|entries)$/ { section = $1; next }
section == "#plan" && /^#(refused|failed|verified) / { print substr($0, 2); next }
NF == 0 { next }
section == "#plan" { if (!($3 in verb)) order[++count] = $3; verb[$3] = $1; seconds[$3] = $5 == 0 ? "-" : $5; next }
section == "#tests" { there[order[++answers]] = / is in set /; unsure = unsure || !/ is in set | is NOT in set / || there[order[answers]] && verb[order[answers]] == "del"; next }
section == "#entries" && $1 == "error" { unlisted = $0; next }
section == "#entries" { if ($3 != 0) { there[$2] = 1; left[$2] = $3 }; next }
{ note[section] = $0 }
function ends_wrongly(is, should) {
  if (is == "-" || should == "-") return is != should
  return is + 0 > should + 0 || is + 120 < should + 0
}
END {
  if (tested && (unsure || answers != count)) exit 9
  for (i = 1; i <= count && unlisted != ""; i++) if (note["#undone" (index(order[i], ":") ? 6 : 4)] == "") { print unlisted; exit }
  for (i = 1; i <= count; i++) {
    prefix = order[i]
    family = index(prefix, ":") ? 6 : 4
    rule = note["#rules" family]
    reason = note["#undone" family]
    trouble = note["#trouble" family]
    if (reason != "") { }
    else if (verb[prefix] == "del") reason = there[prefix] ? "is still in the list" : trouble
    else if (!there[prefix]) reason = "is not in the list"
    else if (verb[prefix] == "add" && prefix in left && ends_wrongly(left[prefix], seconds[prefix])) reason = "ends in " left[prefix] " s instead of " seconds[prefix] " s"
    if (reason ~ /^(is|ends) / && trouble != "") reason = trouble
    if (reason != "") print "failed " prefix " " reason
    else if (rule != "" && verb[prefix] != "del") print "applied " prefix " " rule
    else print "verified " prefix
  }
}
'

# ---- a listing that failed, which `#failed` behind it says: without it nobody may think that nothing is dropped ----
# shellcheck disable=SC2016
listed='
!/^(add |create |table |[ \t}]|# Warning|#failed|$)/ && why == "" { why = $0; gsub(/[^ -~]/, "", why) }
$0 == "#failed" && why !~ /The set with the given name does not exist|Error: (Could not process rule: )?No such file or directory/ {
  print "error " (why == "" ? "the listing of what is dropped failed" : substr(why, 1, 200))
}
'

# ---- entries as the kernel shows them: each becomes `entry PREFIX SECONDS|- [PACKETS BYTES]` ----
# shellcheck disable=SC2016
entries_in_sets="$listed"'
function after(name,   i) { for (i = 4; i < NF; i++) if ($i == name) return $(i + 1); return 0 }
$1 == "add" {
  ends = $4 == "timeout" ? $5 : after("timeout")
  packets = $6 == "packets" ? $7 : after("packets")
  line = "entry " (index($3, "/") ? $3 : $3 (index($3, ":") ? "/128" : "/32")) " " (/ nomatch( |$)/ ? 0 : ends == 0 ? "-" : ends)
  print (packets == 0 ? line : line " " packets " " after("bytes"))
}
'
# shellcheck disable=SC2016
entries_in_rules="$our_rules"'
is_ours($0) {
  if ($(NF - 4) == "-c") { packets[$4] += $(NF - 3); bytes[$4] += $(NF - 2) }
  if ($3 == "-d") next
  order[++count] = $4
  ends[$4] = until == "" ? "-" : until - now < 0 ? 0 : until - now
}
END { for (i = 1; i <= count; i++) print "entry", order[i], ends[order[i]] (packets[order[i]] ? " " packets[order[i]] " " bytes[order[i]] : "") }
'
# shellcheck disable=SC2016
entries_in_table="$our_set$listed"'
function seconds(text,   total, n, unit) {
  while (match(text, /^[0-9]+(ms|[dhms])/)) {
    n = text + 0
    unit = substr(text, 1, RLENGTH)
    sub(/^[0-9]+/, "", unit)
    total += n * (unit == "d" ? 86400 : unit == "h" ? 3600 : unit == "m" ? 60 : unit == "s" ? 1 : 0)
    text = substr(text, RLENGTH + 1)
  }
  return total ? total : 1
}
/^[ \t]*[a-z]+ [^ =]+ \{$/ { theirs = $1 != "set" || !is_our_set($2); len = $2; sub(/^v[46]_/, "", len); next }
theirs { next }
/elements = \{/ { sub(/.*elements = \{/, ""); inside = 1 }
!inside { next }
{
  last = sub(/\}[ \t]*$/, "")
  n = split($0, items, ",")
  for (i = 1; i <= n; i++) {
    words = split(items[i], word, " ")
    if (!words) continue
    ends = "-"; packets = 0; bytes = 0
    for (w = 2; w < words; w++) {
      if (word[w] == "expires") ends = seconds(word[w + 1])
      else if (word[w] == "packets") packets = word[w + 1]
      else if (word[w] == "bytes") bytes = word[w + 1]
    }
    print "entry " word[1] "/" len " " ends (packets == 0 ? "" : " " packets " " bytes)
  }
  if (last) inside = 0
}
'

# The first line of what a tool said that is no warning, without control characters.
first_line() {
  printf '%s\n' "$1" | tr -cd '\040-\176\n' | awk 'NF && !/^# Warning/ { print substr($0, 1, 200); exit }'
}

# A lock of iptables that another program holds is waited for once in a request. -w 0 would wait for ever.
tables() {
  if [ -n "$locked" ]; then printf '%s\n' "$locked" && return 1; fi
  case $1 in
    4) shift && iptables -w 5 -t raw "$@" ;;
    *) shift && ip6tables -w 5 -t raw "$@" ;;
  esac
}

restore_tables() {
  if [ -n "$locked" ]; then printf '%s\n' "$locked" && return 1; fi
  case $1 in
    4) iptables-restore --noflush --wait 5 ;;
    *) ip6tables-restore --noflush --wait 5 ;;
  esac
}

# Sets `complaint` to what iptables says in $1. True when another program held its lock all the time.
is_locked() {
  complaint=$(first_line "$1")
  case $1 in *xtables?lock*) ;; *) return 1 ;; esac
  locked=${locked:-another program holds the lock of iptables: $complaint}
  complaint=$locked
}

# True when the request being answered holds this line; `WORD _` stands for WORD and something behind.
asked() {
  case $words in *"$newline$1$newline"*) ;; *) return 1 ;; esac
}

# Why IPv6 can't be filtered here; empty when it can.
look_at_ipv6() {
  disabled=1
  [ -r /proc/sys/net/ipv6/conf/all/disable_ipv6 ] && read -r disabled </proc/sys/net/ipv6/conf/all/disable_ipv6
  # An interface can have it on where it is off for the rest.
  if [ "$disabled" = 1 ] && ! awk '$NF != "lo" { found = 1 } END { exit !found }' /proc/net/if_inet6 2>/dev/null; then
    no6='IPv6 is off on this host'
  elif [ "$backend" != nft ] && ! { command -v ip6tables && command -v ip6tables-restore; } >/dev/null; then
    no6='ip6tables is missing on this host'
  else
    no6=''
  fi
}

# What this host is, as sections for the awk program `validate`.
facts() {
  printf '#host\n'
  printf 'addr show\nroute show default table all\n' | ip -o -batch - || {
    ip -o addr
    ip -o route show default table all
  } || ip -o route
  printf '#peer\n%s\n#nevers\n%s' "$peer" "$nevers"
}

# One session at a time changes the rules of a network namespace. The kernel ends this lock with its holder.
lock() {
  tries=0
  if command -v flock >/dev/null; then
    exec 9</proc/self/ns/net
    until flock -n 9; do
      tries=$((tries + 1))
      if [ "$tries" -ge 200 ]; then exec 9<&- && return 1; fi
      sleep 0.05
    done
    return 0
  fi
  until mkdir /run/portcullis-fw.lock 2>/dev/null; do
    holder=''
    { read -r holder </run/portcullis-fw.lock/pid; } 2>/dev/null
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || return 1
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf /run/portcullis-fw.lock
    else
      sleep 0.05
    fi
  done
  echo "$$" >/run/portcullis-fw.lock/pid
}

unlock() {
  command -v flock >/dev/null || rm -rf /run/portcullis-fw.lock
  exec 9<&-
}

# ---- backend `sets` ----

set_options() {
  if [ "$1" = 4 ]; then set_family=inet; else set_family=inet6; fi
}

create_set() {
  ipset create "$1" hash:net family "$set_family" hashsize 16384 maxelem 1048576 timeout 86400 counters comment ${2+"$2"}
}

# Builds the set of a family beside the one in force from `lines`, and swaps it in when it is whole.
replace_set() {
  set_options "$1"
  ipset destroy "portcullis$1n" 2>/dev/null
  said=$({ create_set "portcullis$1n" && printf '%s\n' "$lines" | ipset -exist restore && swap_in "$1"; } 2>&1)
  replaced=$?
  ipset destroy "portcullis$1n" 2>/dev/null
  return "$replaced"
}

planned() {
  printf '%s\n' "$plan" | awk -v name="portcullis$1" '$1 == "add" && $2 == name { $2 = name "n"; print }'
}

# Sets `lines` to what the set of a family holds and may still be dropped, and `unfit` to the rest.
standing() {
  said=$(ipset save "portcullis$1" 2>&1) && held=$(printf '%s\n' "$said" | awk "$entries_in_sets") &&
    unfit=$(printf '%s\n' "$held" | awk '{ print $2 }' | unfit_of) &&
    lines=$(printf '%s\n%s\n' "$unfit" "$held" | awk -v name="portcullis$1n" '
    $1 == "#unfit" { unfit[$2] }
    $1 == "entry" && $3 != 0 && !($2 in unfit) { print "add", name, $2, "timeout", ($3 == "-" || $3 > 2147483 ? 0 : $3), "comment \"portcullis\"" }')
}

# Of networks that come in, a line each, those that may not be dropped now: `#unfit PREFIX WHY`.
unfit_of() {
  { facts 2>/dev/null && printf '#request\n' && awk -v lent="$(lent_addresses)" "$probed"'NF && !is_probed($1) { print "add", $1, "-" }'; } | awk -v no6= -v rebuild= "$validate" | sed -n 's/^#refused /#unfit /p'
}

say_unfit() {
  [ -z "$unfit" ] || repaired="$repaired$(printf '%s\n' "$unfit" | sed "s/^#unfit \([^ ]*\)/repaired $1\1 is not dropped any more:/")$newline"
}

swap_in() {
  ipset list -n "portcullis$1" >/dev/null 2>&1 || {
    ipset rename "portcullis$1n" "portcullis$1"
    return
  }
  # Fails for a set of another type, which is none of ours and stays.
  ipset swap "portcullis$1n" "portcullis$1"
}

# The kernel lets go of a set some time after the rule that used it.
patiently() {
  tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 20 ] || { "$@"; return; }
    sleep 0.05
  done
}

# Sets `trouble` where the set can't be had. One with other parameters is replaced by one that holds the same.
ensure_set() {
  set_options "$1"
  trouble=''
  said=$(create_set "portcullis$1" 2>&1) && {
    repaired="${repaired}repaired set portcullis$1 was missing$newline"
    return
  }
  case $said in
    *'already exists'*) ;;
    *) trouble=$(first_line "$said") && return ;;
  esac
  create_set "portcullis$1" -exist 2>/dev/null && return
  if standing "$1" && replace_set "$1"; then
    repaired="${repaired}repaired set portcullis$1 had other parameters$newline"
    say_unfit "IPv$1: "
  else
    trouble="set portcullis$1 has other parameters: $(first_line "$said")"
  fi
}

apply_to_sets() {
  if asked rebuild; then
    for family in $families; do
      lines=$(planned "$family")
      replace_set "$family" || note undone "$(first_line "$said")"
    done
  elif [ -n "$changes" ]; then
    printf '%s\n' "$plan" | ipset -exist restore 2>/dev/null || change_sets_by_family
  elif [ -n "$mending" ]; then
    for family in $families; do
      ensure_set "$family"
      [ -z "$trouble" ] || whole_fault=$trouble
    done
  fi
  for family in $families; do ensure_rules "$family" "portcullis$family"; done
}

# `ipset restore` ends at the first line that can not be done: one family must not suffer for the other.
change_sets_by_family() {
  for family in $families; do
    ensure_set "$family"
    said=$(printf '%s\n' "$plan" | awk -v name="portcullis$family" '$2 == name' | ipset -exist restore 2>&1) && continue
    note trouble "${trouble:-$(first_line "$said")}"
  done
}

entries_of_sets() {
  { ipset save "portcullis$1" 2>&1 || echo '#failed'; } | awk "$entries_in_sets" || echo 'error awk failed on this host'
}

# One process tests them all: `ipset -` goes on after a command that fails.
test_sets() {
  printf '%s\n' "$plan" | awk '/^(add|del) / { print "test", $2, $3 }' | { ipset - >/dev/null; } 2>&1
}

test_one_in_sets() {
  ipset test "$2" "$3" 2>/dev/null
}

faults_of_sets() {
  set_options "$1"
  header=$(ipset list -t "portcullis$1" 2>&1) || printf 'fault IPv%s: set portcullis%s: %s\n' "$1" "$1" "$(first_line "$header")"
  case $header in
    *"hash:net$newline"*"family $set_family "*' maxelem 1048576 timeout 86400 counters comment'*) ;;
    *'Header:'*) printf 'fault IPv%s: set portcullis%s has other parameters\n' "$1" "$1" ;;
  esac
  faults_of_tables "$1" "portcullis$1"
}

# ---- iptables, for the backends `sets` and `rules` ----

# Sets `fault` to what the awk program `rules` finds in `listing`. A listing found good is known again without a program.
judge_rules() {
  fault=''
  if [ "$1" = 4 ]; then good=$good4; else good=$good6; fi
  [ -n "$good" ] && [ "$listing" = "$good" ] && return
  found=$(printf '%s\n' "$listing" | awk -v want=faults -v set="$2" -v outbound="$outbound" -v now=0 "$rules") || found='awk failed on this host'
  fault=${found%%"$newline"*}
  [ -z "$fault" ] || return
  if [ "$1" = 4 ]; then good4=$listing; else good6=$listing; fi
}

list_rules() {
  fault=''
  listing=$(tables "$1" -S 2>&1) && return
  is_locked "$listing"
  fault=$complaint
  return 1
}

# Puts the drop rules of a family in place when that is asked for; notes why they are not.
ensure_rules() {
  attempt=0
  while list_rules "$1"; do
    judge_rules "$1" "$2"
    attempt=$((attempt + 1))
    # Another tool may change the table between our look and our transaction, which then fails as a whole.
    if [ -z "$fault" ] || [ -z "$mending" ] || [ "$attempt" -gt 3 ]; then break; fi
    if [ -n "$2" ]; then unfit=''; else look_for_unfit; fi
    said=$(printf '%s\n%s\n' "$unfit" "$listing" | awk -v want=restore -v set="$2" -v outbound="$outbound" -v now="$(date +%s)" -v timed="$timed" "$rules" | restore_tables "$1" 2>&1) || {
      if is_locked "$said" || [ "$attempt" -gt 2 ]; then fault="$fault: $complaint" && break; fi
      continue
    }
    say_repaired "IPv$1: "
    say_unfit "IPv$1: "
  done
  note rules "$fault"
}

say_repaired() {
  repaired="$repaired$(printf '%s\n' "$found" | sed "s/^/repaired $1/")$newline"
}

# note rules|undone|trouble WHY: for the family in hand
note() {
  case $1$family in
    rules4) rules4=$2 ;;
    rules6) rules6=$2 ;;
    undone4) undone4=$2 ;;
    undone6) undone6=$2 ;;
    trouble4) trouble4=$2 ;;
    trouble6) trouble6=$2 ;;
  esac
}

faults_of_tables() {
  list_rules "$1" || {
    printf 'fault IPv%s: %s\n' "$1" "$fault"
    return
  }
  printf '%s\n' "$listing" | awk -v want=faults -v set="$2" -v outbound="$outbound" -v now=0 "$rules" | sed "s/^/fault IPv$1: /"
}

# ---- backend `rules` ----

apply_to_rules() {
  for family in $families; do
    if [ -n "$changes" ] || asked rebuild; then
      rewrite_chain
      note undone "$fault"
      [ -z "$fault" ] || continue
    fi
    ensure_rules "$family" ''
  done
}

rewrite_chain() {
  list_rules "$family" || return
  judge_rules "$family" ''
  found_before=$fault
  if asked rebuild; then unfit=''; else look_for_unfit; fi
  said=$(rewritten | restore_tables "$family" 2>&1) || {
    is_locked "$said" && fault=$complaint && return
    fault=$complaint
    case $said in *ermi*) return ;; esac
    # Perhaps a kernel without the time match: rules that Portcullis has to take out itself.
    timed=''
    said=$(rewritten | restore_tables "$family" 2>&1) || {
      timed=1
      fault=$(first_line "$said")
      return
    }
  }
  fault=''
  [ -z "$found_before" ] || say_repaired "IPv$family: "
  say_unfit "IPv$family: "
}

# What the chain in `listing` drops and may not be written again.
look_for_unfit() {
  unfit=$(printf '%s\n' "$listing" | awk "$our_rules"'is_ours($0) && $3 == "-s" { print $4 }')
  [ -z "$unfit" ] || unfit=$(printf '%s\n' "$unfit" | unfit_of)
}

rewritten() {
  asked rebuild && rebuild=1 || rebuild=''
  printf '%s\n%s\n%s\n' "$plan" "$unfit" "$listing" | awk -v want=restore -v set= -v family="$family" -v outbound="$outbound" -v rebuild="$rebuild" -v now="$(date +%s)" -v timed="$timed" "$rules"
}

# The whole table, as iptables-nft has no clear word for a chain that is missing.
entries_of_rules() {
  listing=$(tables "$1" -v -S 2>&1) || {
    # Without it nobody may think that there are none.
    is_locked "$listing"
    case $listing in *'Table does not exist'*) ;; *) printf 'error %s\n' "${complaint:-iptables failed}" ;; esac
    return
  }
  printf '%s\n' "$listing" | awk -v now="$(date +%s)" "$entries_in_rules" || echo 'error awk failed on this host'
}

test_rules() {
  return 1
}

test_one_in_rules() {
  return 1
}

faults_of_rules() {
  faults_of_tables "$1" ''
}

# ---- backend `nft` ----

# Without the elements (-t): of 100,000 that would take a second. Without counts (-s): a listing found good is known again.
list_table() {
  listing=$(nft -nn -s -t list ruleset inet 2>&1) && return
  fault=$(first_line "$listing")
  return 1
}

judge_table() {
  fault=''
  [ -n "$good4" ] && [ "$listing" = "$good4" ] && return
  found=$(printf '#table\n%s\n' "$listing" | awk -v want=faults -v outbound="$outbound" "$table") || found='awk failed on this host'
  fault=${found%%"$newline"*}
  [ -n "$fault" ] || good4=$listing
}

change_elements() {
  printf '%s\n' "$plan" | awk -v how="$1" "$elements"
}

# mend_and_change REBUILD HOW: what mends the table, or makes it anew, and then the changes of the plan.
mend_and_change() {
  printf '%s\n#table\n%s\n' "$plan" "$listing" | awk -v want=change -v outbound="$outbound" -v rebuild="$1" "$table" || return
  [ -z "$2" ] || change_elements "$2"
}

# What the words print is one transaction: all of it or nothing.
transact() {
  text=$("$@") || {
    said='awk failed on this host'
    return 1
  }
  said=$(printf '%s\n' "$text" | nft -f - 2>&1) && return
  said=$(printf '%s\n' "$said" | sed 's/^[^ ]* Error: //')
  return 1
}

apply_to_nft() {
  if asked rebuild; then
    if ! list_table; then
      undone4=$fault undone6=$fault
    elif ! transact mend_and_change 1 add; then
      undone4=$(first_line "$said") undone6=$undone4
    fi
  elif [ -n "$changes" ]; then
    transact change_elements create || change_missing_or_standing
  fi
  attempt=0
  while list_table; do
    judge_table
    attempt=$((attempt + 1))
    if [ -z "$fault" ] || [ -z "$mending" ] || [ "$attempt" -gt 3 ]; then break; fi
    transact mend_and_change '' '' || {
      fault="$fault: $(first_line "$said")"
      break
    }
    say_repaired ''
  done
  rules4=$fault
  rules6=$fault
}

# A new element that is there already, or a set that is not.
change_missing_or_standing() {
  list_table || {
    trouble4=$fault trouble6=$fault
    return
  }
  judge_table
  if transact mend_and_change '' replace; then
    [ -z "$fault" ] || say_repaired ''
  else
    trouble4=$(first_line "$said")
    trouble6=$trouble4
  fi
}

entries_of_nft() {
  { nft -nn list table inet portcullis 2>&1 || echo '#failed'; } | awk "$entries_in_table" || echo 'error awk failed on this host'
}

# A change that would be refused shows what is there; nothing is changed (`-c`), and no other element has to be read.
test_nft() {
  change_elements expect | nft -c -f - >/dev/null 2>&1 || return
  printf '%s\n' "$plan" | awk '/^add / { print " is in set " } /^del / { print " is NOT in set " }'
}

test_one_in_nft() {
  change_elements expect | nft -c -f - >/dev/null 2>&1
}

faults_of_nft() {
  good4=''
  if list_table; then judge_table; else found=$fault; fi
  [ -z "$fault" ] || printf '%s\n' "$found" | sed 's/^/fault /'
}

# ---- one request that changes something ----

# The commonest request, one new network, needs no program to say that it is in force.
read_back_one() {
  case $plan in *"$newline"*) return 1 ;; 'add '*) ;; *) return 1 ;; esac
  [ -z "$rules4$rules6$undone4$undone6$trouble4$trouble6" ] || return 1
  # shellcheck disable=SC2086 # words
  set -- $plan
  "test_one_in_$backend" "$@" && answer="verified $3"
}

# A few are tested one by one; for many, which come as a batch, it is quicker to list all but in nft.
read_back() {
  read_back_one && return
  if { [ "$mode" = session ] || [ "$backend" = nft ]; } && ! asked 'verify _'; then
    answer=$({ judged && printf '#tests\n' && "test_$backend"; } | awk -v tested=1 "$judge") && return
  fi
  answer=$({ judged && printf '#entries\n' && of_each_family entries; } | awk "$judge")
}

# of_each_family entries|faults: a table of nft holds both families
of_each_family() {
  if [ "$backend" = nft ]; then
    "$1_of_nft"
  else
    for family in $families; do "$1_of_$backend" "$family"; done
  fi
}

judged() {
  printf '#plan\n%s\n#rules4\n%s\n#rules6\n%s\n#undone4\n%s\n#undone6\n%s\n#trouble4\n%s\n#trouble6\n%s\n' "$plan" "$rules4" "$rules6" "$undone4" "$undone6" "$trouble4" "$trouble6"
}

lock_or_say() {
  lock && return
  printf 'error %s\n' "$busy"
  return 1
}

# Turns the request into `plan`: the lines that may be done, and refusals. Fails when it can't be done as a whole.
make_plan() {
  look_at_ipv6
  asked rebuild && rebuild=1 || rebuild=''
  plan=$({ facts 2>/dev/null && printf '#request\n%s' "$request"; } | awk -v no6="$no6" -v rebuild="$rebuild" "$validate") || plan='#error awk failed on this host'
  families='' changes='' mending=yes repaired='' rules4='' rules6='' undone4='' undone6='' trouble4='' trouble6='' fault='' found_before='' answer='' whole_fault=''
  case $newline$plan in *"$newline#error "*)
    printf 'error %s\n' "${plan##*#error }"
    return 1
    ;;
  esac
  case $newline$plan in *"${newline}add "* | *"${newline}del "*) changes=yes ;; *"${newline}verify "*) mending='' ;; esac
  if [ -z "$plan" ] || [ -n "$rebuild" ]; then
    if [ -z "$no6" ]; then families='4 6'; else families=4; fi
  else
    case $plan in *' portcullis4 '*) families=4 ;; esac
    case $plan in *' portcullis6 '*) families="$families 6" ;; esac
    [ "$backend" != nft ] || [ -z "$families" ] || families='4 6'
  fi
}

apply() {
  lock_or_say || return
  make_plan || {
    unlock
    return
  }
  if [ -n "$families" ]; then "apply_to_$backend"; fi
  if [ -z "$plan" ] || asked rebuild; then consider_other_backend; fi
  case $newline$plan in *"${newline}del "*) doubt_removals ;; esac
  [ -z "$plan" ] || read_back
  unlock
  printf '%s' "$repaired"
  if [ -n "$plan" ]; then
    printf '%s\n' "$answer"
  else
    why=${whole_fault:-${undone4:-${undone6:-${rules4:-$rules6}}}}
    [ -z "$why" ] || printf 'error %s\n' "$why"
  fi
}

# What an earlier run has left may still drop what ours does not hold any more.
doubt_removals() {
  other=$(other_backend)
  [ -n "$other" ] || return
  trouble4=${trouble4:-$other is there beside ours of now}
  trouble6=${trouble6:-$other is there beside ours of now}
}

# ---- read ----

report() {
  look_at_ipv6
  facts 2>/dev/null | awk -v report=1 "$validate"
  families=4
  case $no6 in
    '') families='4 6' ;;
    ip6tables*) printf 'fault IPv6: %s\n' "$no6" ;;
  esac
  entries_without_probes
  of_each_family faults
  if other=$(other_backend) && [ -n "$other" ]; then printf 'fault %s is there beside ours of now\n' "$other"; fi
  if [ "$backend" = sets ]; then
    for family in $families; do ipset list -t "portcullis$family" 2>/dev/null; done | awk '
      /^Header:/ { for (i = 2; i < NF; i++) if ($i == "maxelem") most = $(i + 1) }
      /^Number of entries:/ && most > 0 { if (!full || $4 / most > used / full) { used = $4; full = most } }
      END { if (full) print "capacity", used, full }'
  fi
}

# A probe that is running is nobody's business: its address is lent to the loopback interface for seconds.
entries_without_probes() {
  lent=$(lent_addresses)
  if [ -z "$lent" ]; then of_each_family entries; else of_each_family entries | awk -v lent="$lent" "$probed"'!is_probed($2)'; fi
}

lent_addresses() {
  ip -o addr show dev lo 2>/dev/null | awk '/ valid_lft [0-9]+sec/ { printf "%s ", $4 }'
}
# shellcheck disable=SC2016
probed='
function is_probed(prefix) { return index(" " lent, " " prefix " ") }
'

# What an earlier run on this host has left because the host had other programs then.
other_backend() {
  if [ "$backend" != nft ]; then
    if command -v nft >/dev/null && nft list tables 2>/dev/null | grep -qx 'table inet portcullis'; then echo 'table inet portcullis of nft'; fi
  elif command -v iptables >/dev/null && tables 4 -S 2>/dev/null | grep -qx -e '-N PORTCULLIS'; then
    echo 'chain PORTCULLIS of iptables'
  fi
}

# It drops what ours may not hold yet: it goes after a rebuild, else when a second request finds it, after the changes of a first.
consider_other_backend() {
  other=$(other_backend)
  if [ -z "$other" ] || [ -n "$undone4$undone6$rules4$rules6" ]; then return; fi
  if ! asked rebuild && [ "$other" != "$other_before" ]; then
    other_before=$other
    return
  fi
  if [ "$backend" != nft ]; then remove_table; else remove_chains; fi >/dev/null
  repaired="${repaired}repaired $other was there beside ours of now$newline"
}

# ---- remove-all ----

remove_all() {
  lock_or_say || return
  good4='' good6=''
  remove_chains
  remove_sets
  remove_table
  unlock
}

# Our chain and every jump to it, as each iptables of this host sees them. The legacy one makes a table by looking at it.
remove_chains() {
  for tool in iptables ip6tables iptables-nft ip6tables-nft; do remove_chain "$tool"; done
  ! grep -qsx raw /proc/net/ip_tables_names || remove_chain iptables-legacy
  ! grep -qsx raw /proc/net/ip6_tables_names || remove_chain ip6tables-legacy
}

remove_chain() {
  { command -v "$1" && command -v "$1-restore"; } >/dev/null || return 0
  if [ -n "$locked" ] && ! "$1" -V | grep -q nf_tables; then printf 'fault %s: %s\n' "$1" "$locked" && return; fi
  listing=$("$1" -w 5 -t raw -S 2>&1) || {
    ! is_locked "$listing" || printf 'fault %s: %s\n' "$1" "$complaint"
    return 0
  }
  case $newline$listing$newline in *"$newline-N PORTCULLIS$newline"*) ;; *) return 0 ;; esac
  if said=$(printf '%s\n' "$listing" | awk '
    BEGIN { print "*raw" }
    $1 == "-A" && $2 != "PORTCULLIS" && / -[jg] PORTCULLIS$/ { sub(/^-A/, "-D"); print }
    END { print "-F PORTCULLIS\n-X PORTCULLIS\nCOMMIT" }' | "$1-restore" --noflush --wait 5 2>&1); then
    printf 'removed chain PORTCULLIS of %s and the jumps to it\n' "$1"
  else
    is_locked "$said"
    printf 'fault %s: %s\n' "$1" "$complaint"
  fi
}

remove_sets() {
  command -v ipset >/dev/null || return 0
  for set in portcullis4 portcullis6 portcullis4n portcullis6n; do
    ipset list -n "$set" >/dev/null 2>&1 || continue
    if said=$(patiently ipset destroy "$set" 2>&1); then
      printf 'removed set %s\n' "$set"
    else
      printf 'fault set %s: %s\n' "$set" "$(first_line "$said")"
    fi
  done
}

remove_table() {
  command -v nft >/dev/null && nft list tables 2>/dev/null | grep -qx 'table inet portcullis' || return 0
  if said=$(nft delete table inet portcullis 2>&1); then
    printf 'removed table inet portcullis\n'
  else
    printf 'fault table inet portcullis: %s\n' "$(first_line "$said")"
  fi
}

# ---- probe: does dropping work? ----

probe() {
  make_plan || return
  probes=$(printf '%s\n' "$plan" | awk '$1 == "probe" { print $3 }')
  printf '%s\n' "$plan" | sed -n -e 's/^#refused \([^ ]*\)/probe \1 failed/p' -e 's/^#failed \([^ ]*\)/probe \1 failed/p'
  for network in $probes; do probe_one "$network"; done
}

probe_one() {
  network=$1 address=${1%/*} why='' repaired=''
  case $1 in *:*) family=6 ;; *) family=4 ;; esac
  changes=yes families=$family
  if lend_address add; then
    if of_each_family entries | grep -q "^entry $1 "; then
      why='is blocked here already'
    else
      trap 'end_block; end_address; exit 1' HUP INT TERM PIPE
      send_and_block
      end_block
    fi
    end_address
    trap - HUP INT TERM PIPE
  fi
  printf '%s' "$repaired"
  if [ -n "$why" ]; then
    printf 'probe %s failed %s\n' "$network" "$why"
  else
    printf 'probe %s 3 %s %s\n' "$network" "$before" "$dropped"
  fi
}

# Gives the address to the loopback interface, so that packets really come from it; the kernel takes it back if we die.
# IPv6 would get a route of its own with it, which stays when the address goes.
lend_address() {
  if [ "$family" = 6 ]; then flags='nodad noprefixroute'; else flags=''; fi
  # shellcheck disable=SC2086 # words or none
  said=$(ip addr "$1" "$network" dev lo valid_lft 10 preferred_lft 10 $flags 2>&1) && return
  why=$(first_line "$said")
  return 1
}

# Other sessions wait while we change the rules, and not while packets are on their way.
send_and_block() {
  # Not counted: an address that is so new may not have its route yet.
  got=$(send_packets 1) || {
    why='there is no ping, bash, nc, python3 or perl to send packets with'
    return
  }
  [ "$got" = 1 ] || sleep 0.2
  before=$(send_packets 3)
  change_block "add portcullis$family $network timeout 10 comment \"portcullis\"" && read_back || return
  case $answer in
    'failed '*) why=${answer#* * } && return ;;
  esac
  lend_address replace || return
  send_packets 3 >/dev/null
  dropped=$(of_each_family entries | awk -v prefix="$network" '$2 == prefix { print $4 + 0 }')
  dropped=${dropped:-0}
}

change_block() {
  lock || {
    why=$busy
    return 1
  }
  plan=$1
  "apply_to_$backend"
  unlock
}

end_block() {
  change_block "del portcullis$family $network"
}

# After the block, which `read` knows by it.
end_address() {
  ip addr del "$network" dev lo 2>/dev/null
}

# Sends $1 packets from `address` to itself and prints how many got there.
send_packets() {
  for pause in '-i 0.2' ''; do
    # shellcheck disable=SC2086 # words
    got=$(ping -c "$1" $pause -W 1 "$address" 2>/dev/null | awk '/packets transmitted/ { print $4 }')
    [ -z "$got" ] || {
      printf '%s\n' "$got"
      return
    }
  done
  start=$(arrived)
  sent=0
  while [ "$sent" -lt "$1" ]; do
    send_packet "$address" >/dev/null 2>&1
    [ "$?" != 127 ] || return 1
    sent=$((sent + 1))
  done
  got=$(($(arrived) - start))
  [ "$got" -le "$1" ] || got=$1
  printf '%s\n' "$got"
}

# UDP packets that reached this host at a port on which nobody listens.
arrived() {
  if [ "$family" = 4 ]; then awk '$1 == "Udp:" && $3 ~ /^[0-9]/ { print $3 }' /proc/net/snmp; else awk '$1 == "Udp6NoPorts" { print $2 }' /proc/net/snmp6; fi
}

# One UDP packet to an address; 127 when there is no program for it.
send_packet() {
  if command -v bash; then
    bash -c 'echo x >"/dev/udp/$0/64999"' "$1"
  elif command -v nc; then
    echo x | nc -u -w 1 "$1" 64999
  elif command -v python3; then
    python3 -c 'import socket, sys; a = sys.argv[1]; socket.socket(socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (a, 64999))' "$1"
  elif command -v perl; then
    perl -MIO::Socket::IP -e 'IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => 64999, Proto => "udp")->send("x")' "$1"
  else
    return 127
  fi
}

# ---- route: do the default gateways answer? ----

check_gateways() {
  gateways=$({ ip -o -4 route show default; ip -o -6 route show default; } 2>/dev/null | awk '
    { via = dev = ""
      for (i = 1; i < NF; i++) { if ($i == "via") via = $(i + 1) == "inet6" ? $(i + 2) : $(i + 1); if ($i == "dev") dev = $(i + 1) }
      if (via != "" && !seen[via, dev]++) print via "," dev }')
  [ -n "$gateways" ] || printf 'gateway none\n'
  for gateway in $gateways; do
    if answers "${gateway%,*}" "${gateway##*,}"; then
      printf 'gateway %s answers\n' "${gateway%,*}"
    else
      printf 'gateway %s silent\n' "${gateway%,*}"
    fi
  done
}

# By ping; a gateway that does not answer that still has to answer for its link address, which the kernel asks for within 8 s.
answers() {
  case $1 in fe80:*) target=$1%$2 ;; *) target=$1 ;; esac
  ping -c 1 -W 1 "$target" >/dev/null 2>&1 && return
  tries=0
  while [ "$tries" -lt 16 ]; do
    [ $((tries % 4)) != 0 ] || send_packet "$target" >/dev/null 2>&1
    case $(ip neigh show "$1" dev "$2" 2>/dev/null) in
      *REACHABLE* | *PERMANENT* | *NOARP*) return 0 ;;
      *FAILED*) return 1 ;;
    esac
    tries=$((tries + 1))
    sleep 0.5
  done
  return 1
}

# ---- inspect: raw facts ----

# show SECTION WORD...: what a command says, a line each, without control characters
show() {
  section=$1
  shift
  "$@" 2>/dev/null | tr '\011\200-\377' ' ?' | tr -d '\000-\010\013-\037\177' | cut -b 1-2000 | awk -v section="$section" 'NR <= 20000 { print "text", section, $0 }'
}

inspect() {
  show id id
  show uname uname -srm
  show os cat /etc/os-release
  show date date +%s
  show connection printf '%s\n' "$connection"
  show sudo first_of sudo -V
  show iptables first_of iptables -V
  show iptables-save4 tables_by iptables-save
  show iptables-save6 tables_by ip6tables-save
  case $(iptables -V 2>/dev/null) in *legacy*) ;; *)
    # Without the look at these names the legacy program would make the tables that it is asked for.
    [ ! -s /proc/net/ip_tables_names ] || show legacy-save4 tables_by iptables-legacy-save
    [ ! -s /proc/net/ip6_tables_names ] || show legacy-save6 tables_by ip6tables-legacy-save
    ;;
  esac
  show nft first_of nft -v
  show ruleset rule_set
  show ipset first_of ipset -v
  show sets ipset list -t
  show ip6 cat /proc/sys/net/ipv6/conf/all/disable_ipv6
  show conntrack look_at_conntrack
  show docker look_at_docker
  show managers look_at_managers
  show listen look_at_listeners
  show sysctl look_at_settings
  show addr ip -o addr
  show route ip route
  show route ip -6 route
}

first_of() {
  command -v "$1" >/dev/null && "$@" 2>&1 | sed 1q
}

# Without the networks that we drop, which may be many.
tables_by() {
  "$1" | awk '!/^-A PORTCULLIS -[sd] [^ ]+( -m time --datestop [^ ]+)?( -m comment --comment "?portcullis-[0-9]+"?)? -j DROP$/'
}

rule_set() {
  nft -nn list ruleset | awk '
    /^table / { ours = $3 == "portcullis" }
    ours && /elements = \{/ { skipping = 1 }
    !skipping
    skipping && /\}[ \t]*$/ { skipping = 0 }'
}

look_at_conntrack() {
  first_of conntrack -V || echo missing
  proc=/proc/sys/net/netfilter
  [ ! -r "$proc/nf_conntrack_max" ] || echo "count $(cat "$proc/nf_conntrack_count") max $(cat "$proc/nf_conntrack_max")"
}

look_at_docker() {
  if command -v docker >/dev/null; then echo program docker; fi
  if ip link show docker0 >/dev/null; then echo interface docker0; fi
  for tool in iptables-save ip6tables-save; do "$tool" | awk -v tool="$tool" '/^:DOCKER/ { print "chain", substr($1, 2), tool }'; done
}

# Programs beside us that change rules.
look_at_managers() {
  for manager in ufw firewalld:firewall-cmd fail2ban:fail2ban-client crowdsec:cscli crowdsec-firewall-bouncer netfilter-persistent; do
    program=${manager#*:} manager=${manager%:*}
    command -v "$program" >/dev/null || continue
    if [ "$manager" = ufw ]; then
      grep -q '^ENABLED=yes' /etc/ufw/ufw.conf && state=active || state=installed
    elif systemctl is-active --quiet "$manager"; then
      state=active
    else
      state=installed
    fi
    echo "$manager $state"
  done
}

look_at_listeners() {
  ss -Hlntu || for table in tcp tcp6 udp udp6; do sed "1d;s/^/$table /" "/proc/net/$table"; done
}

look_at_settings() {
  for name in ipv4/conf/all/rp_filter ipv4/conf/default/rp_filter ipv4/ip_forward ipv6/conf/all/forwarding \
    ipv4/conf/all/accept_source_route ipv4/conf/default/accept_source_route ipv6/conf/all/accept_source_route \
    ipv4/conf/all/accept_redirects ipv4/conf/default/accept_redirects ipv6/conf/all/accept_redirects \
    ipv4/conf/all/log_martians ipv4/tcp_syncookies; do
    if [ -r "/proc/sys/net/$name" ]; then echo "net.$(echo "$name" | tr / .) $(cat "/proc/sys/net/$name")"; fi
  done
}

# ---- install, uninstall: a user who may run this script and nothing else ----

change_helper() {
  [ "$sum" = - ] || {
    printf 'error the installed script does not change itself: log in as an administrator\n'
    return
  }
  if asked 'install _'; then verb=install; else verb=uninstall; fi
  user=$(lines_of "$verb")
  printf '%s' "$user" | awk 'NR > 1 || length($0) > 32 || !/^[a-z_][a-z0-9_-]*$/ { bad = 1 } END { exit bad || NR != 1 }' || {
    printf 'error not a user name: a-z, 0-9, _ and -, at most 32\n'
    return
  }
  # Never touch the login of a person.
  if id "$user" >/dev/null 2>&1 && [ "$(home_of "$user")" != "$home" ]; then
    printf 'error the user %s is there already and none of ours (home is not %s): choose another name\n' "$user" "$home"
    return
  fi
  umask 022
  "${verb}_helper"
}

lines_of() {
  printf '%s' "$request" | sed -n -e "s/^$1 //p" -e "s/^$1\$//p"
}

home_of() {
  { getent passwd "$1" || grep "^$1:" /etc/passwd; } 2>/dev/null | cut -d : -f 6
}

# try WHAT WORD...: what fails is the answer
try() {
  what=$1
  shift
  said=$("$@" 2>&1) && return
  printf 'error %s: %s\n' "$what" "$(first_line "$said")"
  return 1
}

# put PATH MODE CHECK...: what comes in becomes a file of root in one step, when the check of the new file succeeds
put() {
  path=$1 file_mode=$2
  shift 2
  if ! { try "$path" tee "$path.new" && chown 0:0 "$path.new" && chmod "$file_mode" "$path.new" && try "$path" "$@" "$path.new"; }; then
    rm -f "$path.new"
    return 1
  fi
  old=$(cat "$path" 2>/dev/null)
  [ "$old" = "$(cat "$path.new")" ] || printf 'installed %s\n' "$path"
  mv -f "$path.new" "$path"
}

install_helper() {
  for tool in sudo visudo; do
    command -v "$tool" >/dev/null || {
      printf 'error %s is missing on this host\n' "$tool"
      return
    }
  done
  key=$(lines_of key)
  printf '%s' "$key" | awk 'NR > 1 || !/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+\/]+=?=?( [ -~]*)?$/ { bad = 1 } END { exit bad || NR != 1 }' || {
    printf 'error not one public key: TYPE BASE64\n'
    return
  }
  mkdir -p "${helper%/*}"
  # Without empty lines at the end, so that the sum does not depend on how the text was cut into lines.
  lines_of script | awk '/./ { while (blank-- > 0) print ""; blank = 0; print; next } { blank++ }' | put "$helper" 755 sh -n || return
  printf '%s ALL=(root) NOPASSWD: %s ""\n' "$user" "$helper" | put "$sudoers" 440 visudo -cf || return
  id "$user" >/dev/null 2>&1 || {
    try "the user $user" add_user || return
    printf 'installed user %s\n' "$user"
  }
  said=$(sudo -n -l -U "$user" 2>&1)
  case $said in *"$helper"*) ;; *)
    printf 'error sudo does not heed %s: is there an includedir line in /etc/sudoers?\n' "$sudoers"
    return
    ;;
  esac
  mkdir -p "$home/.ssh" && chown 0:0 "$home" "$home/.ssh" && chmod 755 "$home" "$home/.ssh"
  printf '%s\n' "$key" | awk -v run="sudo -n $helper" '{ print "restrict,command=\"" run "\" " $1 " " $2 " portcullis" }' | put "$home/.ssh/authorized_keys" 644 test -s || return
  ! command -v restorecon >/dev/null || restorecon -R "$home" "$helper" "$sudoers" 2>/dev/null
  printf 'installed helper %.12s\n' "$(sha256sum "$helper")"
}

# With `*` for a password nobody can log in by one; `!` would also turn away keys.
add_user() {
  if command -v useradd >/dev/null; then
    useradd --system --no-create-home --home-dir "$home" --shell /bin/sh --password '*' "$user"
  else
    adduser -S -D -H -h "$home" -s /bin/sh "$user" && printf '%s:*\n' "$user" | chpasswd -e
  fi
}

uninstall_helper() {
  for file in "$home/.ssh/authorized_keys" "$sudoers" "$helper"; do
    grep -qs portcullis-fw "$file" || continue
    try "$file" rm -f "$file" && printf 'removed %s\n' "$file"
  done
  rmdir "$home/.ssh" "$home" 2>/dev/null
  id "$user" >/dev/null 2>&1 || return
  # A session of that user may be open: our own, when it is the last one.
  if command -v userdel >/dev/null; then remover='userdel -f'; else remover=deluser; fi
  # shellcheck disable=SC2086 # words
  try "the user $user" $remover "$user" && printf 'removed user %s\n' "$user"
}

# ---- requests in, answers out ----

handle() {
  printf '%s begin %s\n' "$nonce" "$1"
  locked=''
  if asked forget; then nevers=''; fi
  if asked 'never _'; then nevers=$nevers$(printf '%s' "$request" | awk '$1 == "never"')$newline; fi
  if asked 'outbound on' && [ -z "$outbound" ]; then outbound=1 good4='' good6=''; fi
  if asked 'outbound off'; then outbound='' good4='' good6=''; fi
  if asked read; then
    report
  elif asked route; then
    check_gateways
  elif asked inspect; then
    inspect
  elif asked remove-all; then
    remove_all
  elif asked 'probe _'; then
    probe
  elif asked 'install _' || asked 'uninstall _'; then
    change_helper
  else
    apply
  fi
  printf '%s end %s\n' "$nonce" "$1"
}

serve() {
  request='' words=$newline
  while IFS= read -r line <&3; do
    case $line in
      'end '*)
        handle "${line#end }"
        request='' words=$newline
        continue
        ;;
      'outbound on' | 'outbound off') word=$line ;;
      *' '*) word="${line%% *} _" ;;
      *) word=$line ;;
    esac
    request=$request$line$newline
    asked "$word" || words=$words$word$newline
  done
}

serve_batch() {
  request=$newline$(cat <&3)
  case $request in
    *"${newline}end batch") ;;
    *)
      printf '%s begin batch\nerror the request was cut off\n%s end batch\n' "$nonce" "$nonce"
      return
      ;;
  esac
  request=${request%end batch}
  words=$newline$(words_of_batch)$newline
  handle batch
}

# The same words as `serve` notes, of a request that is read as a whole.
words_of_batch() {
  printf '%s' "$request" | awk '
    { word = $0 }
    / / && !/^outbound (on|off)$/ { word = substr($0, 1, index($0, " ")) "_" }
    !(word in seen) { seen[word]; print word }'
}

start() {
  if [ "$#" -gt 0 ]; then
    mode=$1 nonce=$2 connection=${3-} sum=-
    PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
  else
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    IFS=' ' read -r verb mode nonce <&3
    case $verb-$mode in start-session | start-batch) ;; *) nonce='' ;; esac
    case $nonce in '' | *[!0-9A-Za-z-]*)
      printf 'portcullis-fw: expects: start session|batch NONCE\n'
      exit 1
      ;;
    esac
    sum=$(sha256sum "$0" 2>/dev/null) || sum=$(openssl dgst -sha256 -r "$0")
    sum=$(printf '%.12s' "$sum")
    connection=$(connection_of_parents)
  fi
  export LC_ALL PATH
  peer=${connection%% *}
}

# sudo empties the environment, so the ends of the SSH session are known to a process above.
connection_of_parents() {
  pid=$$
  while [ "${pid:-0}" -gt 1 ]; do
    found=$(tr '\000' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=//p')
    [ -z "$found" ] || break
    pid=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$pid/status" 2>/dev/null)
  done
  printf '%s\n' "$found" | tr -cd '0-9A-Fa-f.:% \n'
}

give_up() {
  printf '%s error %s\n' "$nonce" "$1"
  exit 1
}

has_iptables() {
  { command -v iptables && command -v iptables-restore; } >/dev/null || return 1
  # A lock held by another program is no reason to do without iptables.
  said=$(iptables -w 1 -t raw -S PREROUTING 2>&1) && return
  case $said in *'does not exist'* | *upported* | *'not found'*) return 1 ;; esac
}

has_nft() {
  command -v nft >/dev/null && nft list tables >/dev/null 2>&1
}

exec 3<&0 </dev/null
start "$@"
[ "$(id -u)" = 0 ] || give_up 'not root on this host: log in as root or set via: sudo'
for tool in ip awk; do
  command -v "$tool" >/dev/null || give_up "$tool is missing on this host"
done
if has_iptables; then
  backend=rules
  if command -v ipset >/dev/null && ipset list -n >/dev/null 2>&1; then
    backend=sets
  elif has_nft; then
    backend=nft
  fi
else
  has_nft || give_up 'iptables and nft are both missing on this host, or can not be used'
  backend=nft
fi
printf '%s ready 2 %s %s\n' "$nonce" "$backend" "$sum"
if [ "$mode" = session ]; then serve; else serve_batch; fi
