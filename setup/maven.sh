# Sourced after say.sh: jars of Maven Central and what is compiled against them, once for each
# version, in the cache folder.

# fetch_jars NAME POM JAR MEGABYTES: prints the folder with the jars of a pom; JAR is a file that must
# be among them. The folder's name holds the sum of the pom: another version is another folder.
fetch_jars() {
    local name=$1 pom=$2 jar=$3 size=$4 jars part
    jars=$CACHE/$name-$(sha256sum <"$pom" | cut -c1-12)
    if [ ! -f "$jars/complete" ]; then
        command -v mvn >/dev/null || fail "mvn is missing: run setup/packages.sh demo"
        need_disk "$CACHE" 1 "$name"
        say "setup: fetching $name from Maven Central, about $size MB, about 20 seconds" >&2
        mkdir -p "$CACHE"
        part=$(mktemp -d "$CACHE/$name.XXXXXX")
        # shellcheck disable=SC2064 # its present name
        trap "rm -rf '$part'" EXIT
        mvn -q -B -f "$pom" dependency:copy-dependencies \
            -DincludeScope=runtime "-DoutputDirectory=$part" >"$CACHE/$name.log" 2>&1 ||
            fail "Maven could not fetch $name; its words are in $CACHE/$name.log"
        [ -f "$part/$jar" ] || fail "Maven brought no $jar; see $CACHE/$name.log"
        publish "$part" "$jars"
    fi
    printf '%s\n' "$jars"
}

# compile_java NAME SOURCES JARS: prints the folder with the classes of the Java files of SOURCES.
compile_java() {
    local name=$1 sources=$2 jars=$3 classes part
    classes=$CACHE/$name-$({ printf '%s\n' "$jars"; find "$sources" -name '*.java' -print0 | sort -z | xargs -0 cat; } |
        sha256sum | cut -c1-12)
    if [ ! -f "$classes/complete" ]; then
        command -v javac >/dev/null || fail "javac is missing: run setup/packages.sh demo"
        mkdir -p "$CACHE"
        part=$(mktemp -d "$CACHE/$name.XXXXXX")
        # shellcheck disable=SC2064 # its present name
        trap "rm -rf '$part'" EXIT
        find "$sources" -name '*.java' -print0 |
            xargs -0 javac -Xlint:all,-processing,-classfile -Werror --release 17 -cp "$jars/*" -d "$part" >"$CACHE/$name.log" 2>&1 ||
            fail "$sources does not compile; javac's words are in $CACHE/$name.log"
        publish "$part" "$classes"
    fi
    printf '%s\n' "$classes"
}

# publish PART FOLDER: makes it visible at once. Another run may have been quicker; both hold the same.
publish() {
    chmod 0755 "$1"
    touch "$1/complete"
    mv -T "$1" "$2" 2>/dev/null || [ -f "$2/complete" ] || fail "cannot write $2"
}

# version_of POM PROPERTY: the value of one of its properties.
version_of() { sed -n "s/.*<$2>\(.*\)<.*/\1/p" "$1"; }
