#!/bin/sh
# portcullis-fw: all that Portcullis ever runs on a firewall host. POSIX sh and awk; needs root, iptables and ip.
#
#   sh -c "$(cat portcullis-fw.sh)" portcullis-fw session|batch NONCE "$SSH_CONNECTION"
#
# `session` answers requests until its input ends, `batch` takes its whole input as one request. A request is lines, in a
# session followed by `end ID`:
#
#   add PREFIX SECONDS   drop packets from PREFIX (canonical, IPv4 /24../32, IPv6 /48../128) for 1..2147483 seconds
#   del PREFIX           stop dropping them
#   read                 report, and change nothing
#   forget               empty the list of what must never be dropped (kept from request to request)
#   never PREFIX         add to that list
#
# A request without `read` also puts the drop rules in place where they are not. What is printed before the first line that
# starts with NONCE comes from the login shell. Answers stand between `NONCE begin ID` and `NONCE end ID`:
#
#   verified|refused|failed PREFIX [WHY]   one line for each PREFIX, read back from the kernel
#   repaired WHAT                          had to be put in place first
#   entry PREFIX SECONDS                   dropped now; `-` never ends
#   fault WHAT                             why packets might still pass
#   own ADDRESS                            of this host, of a default gateway, of the other end of the SSH connection
#   error WHY                              the request as a whole failed
set -u
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH
mode=$1
nonce=$2
peer=${3-}
peer=${peer%% *}
newline='
'
nevers=''

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

# ---- what may be dropped: the request in, restore lines for ipset and refusals as comments out ----
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
NF == 0 { next }
$1 != "add" && $1 != "del" { print "#error unknown request " shown($1); exit }
length($0) > 80 || NF != ($1 == "add" ? 3 : 2) { refuse($2, "not one network and one duration"); next }
!network($2) { refuse($2, "not a canonical network"); next }
family == 6 && no6 != "" { print ($1 == "del" ? "#verified " $2 : "#failed " $2 " " no6); next }
$1 == "del" { print "del portcullis" family " " $2; next }
!known { print "#failed " $2 " the addresses of this host can not be read"; next }
len < (family == 6 ? 48 : 24) { refuse($2, family == 6 ? "wider than /48" : "wider than /24"); next }
$3 !~ /^[1-9][0-9]*$/ || length($3) > 7 || $3 + 0 > 2147483 { refuse($2, "not 1 to 2147483 seconds"); next }
{
  why = why_reserved()
  if (why == "") why = why_protected($2, len)
  if (why == "") print "add portcullis" family " " $2 " timeout " $3 " comment \"portcullis\""
  else refuse($2, why)
}
'

# ---- the drop rules: what is wrong with them (want=faults), or the iptables-restore input that mends them ----
# `set` is empty where there is no ipset: then our chain holds one rule for each network, which the kernel ends by its date.
# shellcheck disable=SC2016
rules='
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
function after(name,   i) { for (i = 3; i < NF; i++) if ($i == name) return $(i + 1); return "" }
function keep(prefix, until) {
  if (!(prefix in ends)) order[++networks] = prefix
  ends[prefix] = until
}
$1 == "add" && $2 == "portcullis" family { keep($3, now + $5); next }
$1 == "del" && $2 == "portcullis" family { gone[$3] = 1; if ($3 in ends) ends[$3] = 0; next }
$1 == "-N" && $2 == "PORTCULLIS" { chain = 1; next }
$1 == "-A" && $2 == "PREROUTING" { place++; if ($0 == "-A PREROUTING -j PORTCULLIS" && !jumps++) first = place; next }
$1 != "-A" || $2 != "PORTCULLIS" { next }
set != "" { held++; if ($0 == "-A PORTCULLIS -m set --match-set " set " src -j DROP") drops++; next }
$3 == "-s" && $(NF - 1) " " $NF == "-j DROP" {
  until = after("--comment")
  gsub(/"/, "", until)
  if (until !~ /^portcullis-[0-9]+$/) { if (!($4 in gone) && !($4 in ends)) keep($4, "") }
  else {
    sub(/^portcullis-/, "", until)
    if (!($4 in gone) && !($4 in ends) && until + 0 > now) keep($4, until + 0)
  }
  next
}
{ foreign++ }
END {
  if (want == "faults") {
    if (!chain) print "chain PORTCULLIS in table raw is missing"
    else if (set != "" && !drops) print "the drop rule in chain PORTCULLIS is missing"
    else if (set != "" && held > 1 || foreign) print "chain PORTCULLIS holds other rules"
    if (!jumps) print "the jump from PREROUTING to PORTCULLIS is missing"
    else if (first != 1) print "the jump from PREROUTING to PORTCULLIS is not the first rule"
    if (jumps > 1) print "the jump from PREROUTING to PORTCULLIS is there " jumps " times"
    exit
  }
  print "*raw"
  if (set == "") {
    print ":PORTCULLIS - [0:0]"
    for (i = 1; i <= networks; i++) {
      prefix = order[i]
      if (ends[prefix] == 0 && ends[prefix] != "") continue
      line = "-A PORTCULLIS -s " prefix
      if (ends[prefix] != "") line = line (timed ? " -m time --datestop " date(ends[prefix]) : "") " -m comment --comment portcullis-" sprintf("%.0f", ends[prefix])
      print line " -j DROP"
    }
  } else if (!chain || drops != 1 || held != 1) {
    print ":PORTCULLIS - [0:0]"
    print "-A PORTCULLIS -m set --match-set " set " src -j DROP"
  }
  if (first != 1 || jumps != 1) {
    while (jumps-- > 0) print "-D PREROUTING -j PORTCULLIS"
    print "-I PREROUTING 1 -j PORTCULLIS"
  }
  print "COMMIT"
}
'

# ---- what is in force: the kernel's answers in, one line per network out ----
# shellcheck disable=SC2016
judge='
function whole(text) { return index(text, "/") ? text : text (index(text, ":") ? "/128" : "/32") }
/^#(plan|rules4|rules6|tests|saved|listed|trouble)$/ { section = $1; next }
section == "#plan" && /^#(refused|failed|verified) / { print substr($0, 2); next }
section == "#plan" { if (!($3 in verb)) order[++count] = $3; verb[$3] = $1; seconds[$3] = $5; next }
section == "#rules4" { why[4] = $0; next }
section == "#rules6" { why[6] = $0; next }
section == "#trouble" { trouble = $0; next }
section == "#tests" { there[order[++answers]] = / is in set /; unsure = unsure || !/ is in set | is NOT in set / || there[order[answers]] && verb[order[answers]] == "del"; next }
section == "#saved" { if ($1 == "add" && $0 !~ / nomatch( |$)/) { there[whole($3)] = 1; left[whole($3)] = $5 }; next }
section == "#listed" { if ($1 == "-A" && $2 == "PORTCULLIS" && $3 == "-s") there[$4] = 1; next }
END {
  if (tested && (unsure || answers != count)) exit 9
  for (i = 1; i <= count; i++) {
    prefix = order[i]
    reason = why[index(prefix, ":") ? 6 : 4]
    if (verb[prefix] == "del") reason = there[prefix] ? "is still in the set" : ""
    else if (!there[prefix]) reason = "is not in the set"
    else if (reason == "" && prefix in left && (left[prefix] + 0 > seconds[prefix] + 0 || left[prefix] + 120 < seconds[prefix] + 0)) reason = "ends in " left[prefix] " s instead of " seconds[prefix] " s"
    if (reason == "") print "verified " prefix
    else print "failed " prefix " " (trouble != "" && reason ~ /^is /? trouble : reason)
  }
}
'

# The first line of what a tool said that is no warning, without control characters.
first_line() {
  printf '%s\n' "$1" | tr -cd '\040-\176\n' | awk 'NF && !/^# Warning/ { print substr($0, 1, 200); exit }'
}

tables() {
  case $1 in
    4) shift && iptables -w 5 -t raw "$@" ;;
    *) shift && ip6tables -w 5 -t raw "$@" ;;
  esac
}

restore_tables() {
  case $1 in
    4) iptables-restore --noflush --wait 5 ;;
    *) ip6tables-restore --noflush --wait 5 ;;
  esac
}

# Why IPv6 can't be filtered here; empty when it can.
no_ipv6() {
  disabled=1
  [ -r /proc/sys/net/ipv6/conf/all/disable_ipv6 ] && read -r disabled </proc/sys/net/ipv6/conf/all/disable_ipv6
  if [ "$disabled" = 1 ]; then
    no6='IPv6 is off on this host'
  elif ! command -v ip6tables >/dev/null || ! command -v ip6tables-restore >/dev/null; then
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
  exec 9</proc/self/ns/net
  tries=0
  if command -v flock >/dev/null; then
    until flock -n 9; do
      tries=$((tries + 1))
      [ "$tries" -lt 200 ] || return 1
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

set_options() {
  if [ "$1" = 4 ]; then set_family=inet; else set_family=inet6; fi
}

# Sets `trouble` where the set can't be had.
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
  said=$({ create_set "portcullis$1n" && ipset swap "portcullis$1n" "portcullis$1"; } 2>&1)
  swapped=$?
  ipset destroy "portcullis$1n" 2>/dev/null
  if [ "$swapped" = 0 ]; then
    repaired="${repaired}repaired set portcullis$1 had other parameters$newline"
  else
    trouble="set portcullis$1 has other parameters: $(first_line "$said")"
  fi
}

create_set() {
  ipset create "$1" hash:net family "$set_family" hashsize 16384 maxelem 1048576 timeout 86400 counters comment ${2+"$2"}
}

# True when `listing` is as it should be: what holds nearly always is found out without starting a program.
in_place() {
  [ -n "$1" ] || return 1
  jumps=${listing#*"$newline"-A PREROUTING }
  case $jumps$newline in
    *"$newline-A PREROUTING -j PORTCULLIS$newline"*) return 1 ;;
    "-j PORTCULLIS$newline"*) ;;
    *) return 1 ;;
  esac
  drops=${listing#*"$newline"-A PORTCULLIS }
  case $drops$newline in
    *"$newline-A PORTCULLIS "*) return 1 ;;
    "-m set --match-set $1 src -j DROP$newline"*) ;;
    *) return 1 ;;
  esac
}

# Puts the drop rules of a family in place; sets `fault` to why they are not.
ensure_rules() {
  attempt=0
  while :; do
    listing=$(tables "$1" -S 2>&1) || {
      fault=$(first_line "$listing")
      return
    }
    fault=''
    ! in_place "$2" || return
    found=$(printf '%s\n' "$listing" | awk -v want=faults -v set="$2" -v now=0 "$rules")
    fault=${found%%"$newline"*}
    attempt=$((attempt + 1))
    # Another tool may change the table between our look and our transaction, which then fails as a whole.
    [ -z "$fault" ] || [ "$attempt" -gt 3 ] && return
    said=$(printf '%s\n' "$listing" | awk -v want=restore -v set="$2" -v now="$(date +%s)" -v timed="$timed" "$rules" | restore_tables "$1" 2>&1) || {
      fault="$fault: $(first_line "$said")"
      [ "$attempt" -le 2 ] || return
      continue
    }
    repaired="$repaired$(printf '%s\n' "$found" | sed "s/^/repaired IPv$1: /")$newline"
  done
}

apply_to_sets() {
  trouble=''
  if [ -z "$changes" ]; then
    for family in $families; do
      ensure_set "$family"
      [ -z "$trouble" ] || whole_fault=$trouble
    done
  else
    said=$(printf '%s\n' "$plan" | ipset -exist restore 2>&1) || {
      for family in $families; do ensure_set "$family"; done
      said=$(printf '%s\n' "$plan" | ipset -exist restore 2>&1) || trouble=$(first_line "$said")
    }
  fi
  for family in $families; do
    ensure_rules "$family" "portcullis$family"
    note_fault "$family"
  done
}

note_fault() {
  if [ "$1" = 4 ]; then fault4=$fault; else fault6=$fault; fi
}

# `ipset -` reads commands and goes on after one that fails: one process tests them all.
test_sets() {
  printf '%s\n' "$plan" | awk '/^(add|del) / { print "test", $2, $3 }' | { ipset - >/dev/null; } 2>&1
}

# The commonest request, one new network, without another program; fails when the long way has to say what is wrong.
read_back_one() {
  case $plan in *"$newline"*) return 1 ;; 'add '*) ;; *) return 1 ;; esac
  [ -z "$fault4$fault6" ] || return 1
  # shellcheck disable=SC2086 # words
  set -- $plan
  ipset test "$2" "$3" 2>/dev/null && answer="verified $3"
}

read_back_sets() {
  read_back_one && return
  if [ "$mode" = session ]; then
    answer=$({ judged && printf '#tests\n' && test_sets; } | awk -v tested=1 "$judge") && return
  fi
  answer=$({ judged && printf '#saved\n' && for family in $families; do ipset save "portcullis$family" 2>/dev/null; done; } | awk "$judge")
}

judged() {
  printf '#plan\n%s\n#rules4\n%s\n#rules6\n%s\n#trouble\n%s\n' "$plan" "$fault4" "$fault6" "$trouble"
}

apply_to_rules() {
  trouble=''
  for family in $families; do
    if [ -z "$changes" ]; then
      ensure_rules "$family" ''
    else
      rewrite_chain
    fi
    note_fault "$family"
  done
}

rewrite_chain() {
  fault=''
  listing=$(tables "$family" -S 2>&1) || {
    fault=$(first_line "$listing")
    return
  }
  found=$(printf '%s\n' "$listing" | awk -v want=faults -v set= -v now=0 "$rules")
  [ -z "$found" ] || repaired="$repaired$(printf '%s\n' "$found" | sed "s/^/repaired IPv$family: /")$newline"
  said=$(rebuilt | restore_tables "$family" 2>&1) && return
  case $said in *lock* | *ermi*) fault=$(first_line "$said") && return ;; esac
  # Perhaps a kernel without the time match: rules that Portcullis has to take out itself.
  timed=''
  said=$(rebuilt | restore_tables "$family" 2>&1) && return
  timed=1
  fault=$(first_line "$said")
}

rebuilt() {
  printf '%s\n%s\n' "$plan" "$listing" | awk -v want=restore -v set= -v family="$family" -v now="$(date +%s)" -v timed="$timed" "$rules"
}

read_back_rules() {
  answer=$({ judged && printf '#listed\n' && for family in $families; do tables "$family" -S PORTCULLIS 2>/dev/null; done; } | awk "$judge")
}

apply() {
  lock || {
    printf 'error another session has been changing the rules of this host for too long\n'
    exec 9<&-
    return
  }
  no_ipv6
  plan=$({ facts 2>/dev/null && printf '#request\n%s' "$request"; } | awk -v no6="$no6" "$validate") || plan='#error awk failed on this host'
  families='' changes='' repaired='' fault4='' fault6='' answer='' whole_fault=''
  case $newline$plan in *"$newline#error "*)
    printf 'error %s\n' "${plan##*#error }"
    unlock
    return
    ;;
  esac
  case $plan in *' portcullis4 '*) families=4 changes=yes ;; esac
  case $plan in *' portcullis6 '*) families="$families 6" changes=yes ;; esac
  if [ -z "$plan" ]; then
    if [ -z "$no6" ]; then families='4 6'; else families=4; fi
  fi
  "apply_to_$backend"
  "read_back_$backend"
  unlock
  printf '%s' "$repaired"
  if [ -n "$plan" ]; then
    printf '%s\n' "$answer"
  elif [ -n "$whole_fault$fault4$fault6" ]; then
    printf 'error %s\n' "${whole_fault:-${fault4:-$fault6}}"
  fi
}

# shellcheck disable=SC2016
entries_of_set='
$1 == "add" {
  text = index($3, "/") ? $3 : $3 (index($3, ":") ? "/128" : "/32")
  print "entry", text, (/ nomatch( |$)/ ? 0 : $4 == "timeout" && $5 + 0 != 0 ? $5 : "-")
}
'
# shellcheck disable=SC2016
entries_of_rules='
$1 == "-A" && $2 == "PORTCULLIS" && $3 == "-s" {
  until = ""
  gsub(/"/, "")
  for (i = 5; i < NF; i++) if ($i == "--comment" && $(i + 1) ~ /^portcullis-/) until = substr($(i + 1), 12) - now
  print "entry", $4, (until == "" ? "-" : until < 0 ? 0 : until)
}
'

report_family() {
  listing=$(tables "$1" -S 2>&1) || {
    printf 'fault IPv%s: %s\n' "$1" "$(first_line "$listing")"
    return
  }
  if [ "$backend" = rules ]; then
    set=''
    printf '%s\n' "$listing" | awk -v now="$(date +%s)" "$entries_of_rules"
  else
    set=portcullis$1
    ipset save "$set" 2>/dev/null | awk "$entries_of_set"
    header=$(ipset list -t "$set" 2>&1) || printf 'fault IPv%s: set %s: %s\n' "$1" "$set" "$(first_line "$header")"
    case $header in
      *'hash:net'*' timeout '*' counters comment'*) ;;
      *'Header:'*) printf 'fault IPv%s: set %s has other parameters\n' "$1" "$set" ;;
    esac
  fi
  printf '%s\n' "$listing" | awk -v want=faults -v set="$set" -v now=0 "$rules" | sed "s/^/fault IPv$1: /"
}

report() {
  no_ipv6
  facts 2>/dev/null | awk -v report=1 "$validate"
  report_family 4
  case $no6 in
    '') report_family 6 ;;
    ip6tables*) printf 'fault IPv6: %s\n' "$no6" ;;
  esac
}

# Splits one request: the never-list is kept, `read` decides what is done.
handle() {
  printf '%s begin %s\n' "$nonce" "$1"
  case $newline$request in *"${newline}forget$newline"*) nevers='' ;; esac
  case $newline$request in *"${newline}never "*)
    nevers=$nevers$(printf '%s' "$request" | awk '$1 == "never"')$newline
    ;;
  esac
  case $newline$request in *"${newline}read$newline"*) report ;; *)
    case $newline$request in *"${newline}never "* | *"${newline}forget$newline"*)
      request=$(printf '%s' "$request" | awk '$1 != "never" && $0 != "forget"')$newline
      ;;
    esac
    apply
    ;;
  esac
  printf '%s end %s\n' "$nonce" "$1"
}

serve() {
  request=''
  while IFS= read -r line <&3; do
    case $line in
      'end '*)
        handle "${line#end }"
        request=''
        ;;
      *) request=$request$line$newline ;;
    esac
  done
}

if [ "$(id -u)" != 0 ]; then
  printf '%s error not root on this host: log in as root or set via: sudo\n' "$nonce"
  exit 1
fi
for tool in iptables iptables-restore ip awk; do
  command -v "$tool" >/dev/null || {
    printf '%s error %s is missing on this host\n' "$nonce" "$tool"
    exit 1
  }
done
if command -v ipset >/dev/null && ipset list -n >/dev/null 2>&1; then backend=sets; else backend=rules; fi
timed=1
exec 3<&0 </dev/null
printf '%s ready 1 %s\n' "$nonce" "$backend"
if [ "$mode" = session ]; then
  serve
else
  request=$(cat <&3)$newline
  handle batch
fi
