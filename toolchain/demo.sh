#!/usr/bin/env bash
# The whole way, on lab hosts: an inventory is checked, its addresses are allocated, its hosts boot and are configured,
# the probes run, and the second plan is empty. All of it in build/demo, so the checkout stays as it is.
# PROVINCE=nghe-an takes another province, UNITS=all every unit instead of the pilots, PLATFORMS=none no machines.
set -euo pipefail
cd "$(dirname "$0")/.."
PROVINCE=${PROVINCE:-lam-dong}
UNITS=${UNITS:-pilot}
WORK=${WORK:-build/demo}
INVENTORY=$WORK/inventories/$PROVINCE

bold='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi
parts=()

# part TITLE "exit codes that are right" "what to look at otherwise" COMMAND...: a verb of haicap, timed
part() {
    local title=$1 right=$2 hint=$3 started=$EPOCHREALTIME code=0
    shift 3
    printf '\n%s== %s%s\n   haicap -C %s %s\n' "$bold" "$title" "$plain" "$WORK" "$*"
    .venv/bin/haicap -C "$WORK" "$@" || code=$?
    if [[ " $right " != *" $code "* ]]; then
        printf '\nThe demo stops: "%s" ended with exit code %s. %s\n' "$title" "$code" "$hint" >&2
        exit "$code"
    fi
    took "$title" "$started"
}

# took TITLE START
took() {
    parts+=("$(awk -v title="$1" -v from="$2" -v to="$EPOCHREALTIME" 'BEGIN {printf "%8.1f s  %s", to - from, title}')")
    echo "   ${parts[-1]#"${parts[-1]%%[! ]*}"}"
}

# The first unit of the first wave.
first_unit() { awk -F '"' '/^ *- code: "/ {code = $2} /^ *wave: pilot/ {print code; exit}' "$INVENTORY/units.yml"; }

# The platform moves while somebody in the first commune goes on sending records to its name.
cut_over() {
    local name gateway=gw-$unit result=$WORK/writer.json stop=/run/haicap-writer.stop
    name=$(.venv/bin/haicap -C "$WORK" platform list "$PROVINCE" --json 2>/dev/null | .venv/bin/python -c '
import json, sys
print(next(one["names"][0] for one in json.load(sys.stdin)["platforms"] if one["name"] == "procedures"))')
    printf '\n   From now on somebody in unit %s sends records to https://%s, one after another.\n' "$unit" "$name"
    .venv/bin/haicap -C "$WORK" lab exec "$gateway" -- rm -f "$stop"
    .venv/bin/haicap -C "$WORK" lab exec "$gateway" -- python3 -I - --name "$name" --unit "$unit" --stop "$stop" --pause 1 \
        --ca "$(cat "$INVENTORY/.lab/certificates/ca.pem")" <toolchain/cutover_writer.py >"$result" &
    local writer=$!
    part "The cut-over, from the old procedure system to the new one" 0 "Run it again: it goes on where it stopped." \
        cutover procedures "$PROVINCE" --unit "$unit" --yes
    .venv/bin/haicap -C "$WORK" lab exec "$gateway" -- touch "$stop"
    wait "$writer"
    printf '\n%s== What became of the records%s\n' "$bold" "$plain"
    .venv/bin/python - "$result" <<'END'
import json, sys
found = json.load(open(sys.argv[1]))
for key, value in found.items():
    print(f"   {key:20} {json.dumps(value, ensure_ascii=False)}")
sys.exit(not found["acknowledged"] or found["found_again"] != found["acknowledged"] or found["twice"] > 0)
END
}

# One commune gets another printer: planned, reported, approved by somebody else's key, applied, inspected, certified; and
# the certificate is checked where there is nothing but public keys.
proven_change() {
    local papers=$WORK/papers keys=$WORK/keys stranger who file
    rm -rf "$papers"
    mkdir -p "$papers" "$keys"
    for who in lan minh certifier; do
        [ -f "$keys/$who" ] || ssh-keygen -q -t ed25519 -N '' -C "$who" -f "$keys/$who"
    done
    cat >"$INVENTORY/approvers.yml" <<END
# Made by the demo: two people who may approve, and the key that certificates are signed with.
approvers:
  - {principal: lan@example.vn, roles: [network], keys: [{key: "$(cut -d ' ' -f 1,2 "$keys/lan.pub")", from: 2025-01-01}]}
  - {principal: minh@example.vn, roles: [network], keys: [{key: "$(cut -d ' ' -f 1,2 "$keys/minh.pub")", from: 2025-01-01}]}
  - {principal: ci@example.vn, roles: [certifier, auditor], keys: [{key: "$(cut -d ' ' -f 1,2 "$keys/certifier.pub")", from: 2025-01-01}]}
rules:
  - {name: any, count: 1, roles: [network]}
END
    .venv/bin/python toolchain/add_printer.py "$INVENTORY/units.yml" "$unit"
    part "A commune gets another printer: its address" 0 "" lock "$PROVINCE"
    export HAICAP_PRINCIPAL=lan@example.vn
    file=$papers/plan.json
    part "Its plan, made by lan@example.vn" 2 "" plan "$PROVINCE" --unit "$unit" -o "$file"
    part "The plan as a page to read" 0 "" report "$file" -o "$papers/plan.html"
    part "Whom it touches, and why" 0 "" explain "gw-$unit" "$file"
    part "Not approved: refused" 3 "It was to be refused." apply "$file" --require-approval
    part "Approved by who made it: refused" 3 "It was to be refused." approve "$file" --key "$keys/lan" --yes
    part "Approved by minh@example.vn's key" 0 "" approve "$file" --key "$keys/minh" --yes
    part "Every signature, rule and digest of it" 0 "" verify "$file"
    part "Apply what was approved" 0 "Run it again: it goes on where it stopped." \
        apply "$file" --require-approval -o "$papers/applied.json"
    part "Inspect the commune" 0 "" inspect "$PROVINCE" --unit "$unit" --plan "$file" -o "$papers/inspection.json"
    unset HAICAP_PRINCIPAL
    part "Certify it" 0 "" certify "$file" --applied "$papers/applied.json" --inspection "$papers/inspection.json" \
        --key "$keys/certifier" -o "$papers/certificate.json"
    part "The certificate as a page to show" 0 "" report "$papers/certificate.json" -o "$papers/certificate.html"
    part "The public keys" 0 "" keys "$PROVINCE" -o "$papers/keys"

    stranger=$(mktemp -d)
    cp "$papers/certificate.json" "$papers/keys" "$stranger"
    WORK=$stranger part "In an empty folder, with the public keys alone" 0 "" \
        verify "$stranger/certificate.json" --keys "$stranger/keys"
    .venv/bin/python -c '
import pathlib, random, sys
path = pathlib.Path(sys.argv[1])
whole = bytearray(path.read_bytes())
whole[random.randrange(len(whole))] ^= 1
path.write_bytes(whole)' "$stranger/certificate.json"
    WORK=$stranger part "One bit of it changed: found" 3 "It was to be refused." \
        verify "$stranger/certificate.json" --keys "$stranger/keys"
    rm -rf "$stranger"
    part "The commune's life, from its predecessors on" 0 "" history "$unit" "$PROVINCE"
    part "The head of the log, signed, to be kept apart" 0 "" \
        log head "$PROVINCE" --key "$keys/certifier" -o "$papers/log.head"
    part "The log: nothing changed, removed, added or cut off" 0 "" \
        log verify "$PROVINCE" --head "$papers/log.head" --keys "$papers/keys"
}

begun=$EPOCHREALTIME
wave=(--wave "$UNITS")
[ "$UNITS" != all ] || wave=(--unit all)

mkdir -p "$WORK/inventories"
if [ ! -d "$INVENTORY" ]; then
    if [ -d "inventories/$PROVINCE" ]; then
        mkdir "$INVENTORY"
        cp -r "inventories/$PROVINCE"/*.yml "$INVENTORY"
        for folder in staff roles policies; do
            [ ! -d "inventories/$PROVINCE/$folder" ] || cp -r "inventories/$PROVINCE/$folder" "$INVENTORY"
        done
    else
        part "A new inventory from the national data" 0 "Is it a province's name, as in lam-dong?" init "$PROVINCE"
    fi
fi

# 124 gateways share this machine's processors: BFD at 150 ms would take them for itself, and flap under an apply.
if [ "$UNITS" = all ] && grep -q 'bfd_interval_ms: 150' "$INVENTORY/province.yml"; then
    sed -i 's/bfd_interval_ms: 150/bfd_interval_ms: 3000/' "$INVENTORY/province.yml"
    echo "BFD every 3 s instead of 150 ms, so that all hosts fit on one machine ($INVENTORY/province.yml)."
fi

part "Check the inventory" 0 "Each finding above names a file and a line in $INVENTORY." check "$PROVINCE"
part "Allocate addresses and names" 0 "What is recorded is in $INVENTORY/*.lock.yml." lock "$PROVINCE"
unit=$(first_unit)

if ! reasons=$(.venv/bin/haicap lab check 2>&1); then
    printf '\nNo lab on this machine (%s): what follows needs none.\n' "$(echo "$reasons" | paste -s -d ' ')"
    part "Plan" "0 2" "The message above names what is missing." plan "$PROVINCE" "${wave[@]}"
    part "One unit's design" 0 "" show "$PROVINCE" "$unit"
    part "One unit's files" 0 "" render "$PROVINCE" "$unit"
    part "One of its files" 0 "" render "$PROVINCE" "$unit" --file /etc/nftables.conf
    exit
fi

# The procedure system, old and new: two machines, whose processors are emulated here. PLATFORMS=none leaves them out.
platforms=()
if [ "${PLATFORMS:-}" != none ] && grep -q 'replaces: procedures-old' "$INVENTORY/platforms.yml" 2>/dev/null; then
    platforms=(--platform procedures-old --platform procedures)
fi
chosen=("${wave[@]}" "${platforms[@]}")

part "Boot the lab's hosts" 0 "\`make demo-down\` takes away what is half up." lab up "$PROVINCE" "${chosen[@]}"
part "Collect the hosts' public keys" 0 "The message above says why; \`haicap -C $WORK lab ps\` shows which hosts run." \
    enrol "$PROVINCE" "${chosen[@]}"
part "Plan" "0 2" "The message above names what is missing." plan "$PROVINCE" "${chosen[@]}"
part "Apply" 0 "Run it again: it goes on where it stopped." apply "$PROVINCE" --yes "${chosen[@]}"
if [ ${#platforms[@]} -gt 0 ]; then
    part "Collect the public keys of the machines that were made" 0 "Their consoles are on their hypervisors." \
        enrol "$PROVINCE" "${platforms[@]}"
    part "Apply: what stands inside the machines" 0 "Run it again: it goes on where it stopped." \
        apply "$PROVINCE" --yes "${platforms[@]}"
    part "The platforms" 0 "" platform list "$PROVINCE"
fi
part "Inspect, from where the users are" 0 "The board above names each probe that failed." inspect "$PROVINCE" "${chosen[@]}"
part "A letter from one commune to another's former address, and its signature" 0 "" \
    inspect "$PROVINCE" --unit "$unit" --system mail --full
if [ ${#platforms[@]} -gt 0 ]; then
    cut_over
fi
proven_change
part "Plan again: there is nothing left to do" 0 "Exit code 2 means that the plan above is not empty." \
    plan "$PROVINCE" "${chosen[@]}"
part "The units" 0 "" show "$PROVINCE" "${wave[@]}"
took "in all" "$begun"

printf '\n%s== Elapsed time%s\n' "$bold" "$plain"
printf '%s\n' "${parts[@]}"
cat <<END

The lab is up. Try next:

  .venv/bin/haicap -C $WORK lab ps                        # its hosts
  .venv/bin/haicap -C $WORK show $PROVINCE $unit                # one unit's whole design
  .venv/bin/haicap -C $WORK drift $PROVINCE               # change a file on a host by hand first
  $WORK/papers/plan.html, $WORK/papers/certificate.html        # to open in a browser

\`make demo-down\` takes it away.
END
