# Keeps a private PostgreSQL until standard input ends, then removes it.
# $1 its folder, $2 the folder of PostgreSQL's programs, $3 the port; what follows changes to another user, if need be.
trap '' HUP INT TERM
folder=$1 programs=$2 port=$3
shift 3
export LC_ALL=C

# Text sorts by language where PostgreSQL can, as on the servers of those who run this: a statement that relies on
# the order of bytes must say so.
make() {
    "$@" "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync \
        --locale-provider=icu --icu-locale=en-US || {
        rm -rf "$folder/data"
        "$@" "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync
    }
}

# Commits wait as they do elsewhere, but the disk does not: what a test kills are hosts and sessions, whose writes the
# system keeps, and never the machine. It takes a quarter off every test.
serve() {
    "$@" "$programs/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories= -c max_connections=400 -c max_locks_per_transaction=256 -c fsync=off \
        -c full_page_writes=off
    echo $? >"$folder/ended"
}

if make "$@" >"$folder/log" 2>&1 </dev/null; then
    serve "$@" >>"$folder/log" 2>&1 </dev/null &
    cat >/dev/null
    # Nothing in it is wanted any more, so it is told to quit at once; whoever is still connected is cut off.
    until [ -f "$folder/ended" ] || kill -QUIT "$(head -n 1 "$folder/data/postmaster.pid")"; do sleep 0.1; done 2>/dev/null
    wait
else
    echo failed >"$folder/ended"
    cat >/dev/null
fi
rm -rf "$folder"
