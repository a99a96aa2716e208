# Shared by the service tests: a scratch folder per test, and reading values out of the JSON that commands print.
setup() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/service.XXXXXX")
	chmod 755 "$scratch"
	campaign=$scratch/c.clade
	unset started
}

teardown() {
	[ -z "$started" ] || kill -9 "$started" 2>/dev/null || true
	mountpoint -q "$scratch/disk" 2>/dev/null && umount "$scratch/disk"
	rm -rf "$scratch"
}

# field FILE.json KEY: a top-level number or text of the JSON that `clade ... --json` wrote.
field() {
	perl -MJSON::PP -e 'local $/; open my $f, "<", $ARGV[0] or die; my $v = decode_json(<$f>);
		for (split /\./, $ARGV[1]) { $v = ref $v eq "ARRAY" ? $v->[$_] : $v->{$_} } print defined $v ? $v : "null"' "$1" "$2"
}

status_field() {
	"$CLADE" status "$campaign" --json >"$scratch/status.json" && field "$scratch/status.json" "$1"
}

# Start a campaign in the background: its pid is in $started.
start() {
	"$CLADE" "$@" >"$scratch/out" 2>"$scratch/err" 3>&- &
	started=$!
}

# Wait until status says at least N evaluations (30 s at most).
wait_evaluations() {
	for _ in $(seq 300); do
		[ -f "$campaign" ] && n=$(status_field evaluations 2>/dev/null) && [ "${n:-0}" -ge "$1" ] && return 0
		sleep 0.1
	done
	echo "no $1 evaluations within 30 s; the log:" >&2
	cat "$scratch/err" >&2
	return 1
}

# The file is whole: SQLite says so, and no score or counter contradicts the rows.
check_file() {
	[ "$(sqlite3 "$campaign" 'PRAGMA integrity_check')" = ok ]
	[ "$(sqlite3 "$campaign" 'PRAGMA foreign_key_check')" = "" ]
	"$CLADE" status "$campaign" --verify >/dev/null
}
