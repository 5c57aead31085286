# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the scripts here have in common: they find a JDK, build what they need, and run Java. To be sourced
# with $program set to the script's name.

fail() { printf '%s: %s\n' "$program" "$*" >&2; exit 2; }

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
root="$(dirname "$here")"
target="$here/target"
built="$target/examples.built"

# The release of a Java program (8, 17, 25), or nothing if it does not run.
java_release() {
    "$1" -XshowSettings:properties -version 2>&1 </dev/null |
        sed -n 's/^ *java\.specification\.version = \(1\.\)\{0,1\}\([0-9]*\).*/\2/p' || true
}

if [ -n "${JAVA_HOME:-}" ]; then
    java="$JAVA_HOME/bin/java"
    which_java="JAVA_HOME ($JAVA_HOME)"
    [ -x "$java" ] || fail "JAVA_HOME is $JAVA_HOME, and there is no bin/java in it. Set it to a JDK 17 or later."
    javac="$JAVA_HOME/bin/javac"
else
    java="$(command -v java || true)"
    which_java="the java on the PATH ($java)"
    javac="$(command -v javac || true)"
    [ -n "$java" ] || fail "no Java found: install a JDK 17 or later (https://adoptium.net), or set JAVA_HOME."
fi
release="$(java_release "$java")"
[ -n "$release" ] || fail "$which_java does not run. A JDK 17 or later is needed (https://adoptium.net)."
[ "$release" -ge 17 ] || fail "$which_java is Java $release. A JDK 17 or later is needed (https://adoptium.net)."

# Directories count too: theirs is the only date that changes when a file is deleted.
is_built() {
    [ -e "$built" ] && [ -z "$(cd "$root" && find pom.xml .mvn counter-core/pom.xml counter-core/src/main \
        counter-jdbc/pom.xml counter-jdbc/src/main counter-jdbc/src/test/java/io/everycount/jdbc/testing \
        counter-http-adapter/pom.xml counter-http-adapter/src/main \
        examples/pom.xml examples/src/main -newer "$built" -print 2>&1 | head -n 1)" ]
}

# Says how the build goes: one line for each module, and how many files came over the network.
show_build() {
    awk -v terminal="$1" '
        function wipe() { if (live) { printf "\r\033[K"; live = 0 } }
        /^Downloaded from|^\[INFO\] Downloaded from/ {
            files++
            if (terminal) { printf "\r  downloaded %d files\033[K", files; live = 1 }
            else if (files % 100 == 0) print "  downloaded " files " files"
            fflush()
        }
        /^\[INFO\] Building Everycount/ { wipe(); sub(/^\[INFO\] Building /, ""); gsub(/  +/, "  "); print "  " $0; fflush() }
        /^\[ERROR\] *[^ ]/ && errors++ < 8 { wipe(); print "  " $0; fflush() }
        END { wipe(); if (files) print "  downloaded " files " files in all" }'
}

build() {
    [ -n "$javac" ] && [ -x "$javac" ] || fail "$which_java has no compiler beside it: it is a JRE. A JDK is needed (https://adoptium.net)."
    local log="$target/examples-build.log" terminal="" started=$SECONDS
    [ ! -t 2 ] || terminal=1
    mkdir -p "$target"
    rm -rf "$target/lib" "$built"
    # As old as the sources that are built, not as what they become.
    : >"$built.new"
    # Static analysis is for the build proper.
    printf 'Building (the first time this downloads Maven, libraries and Postgres, and takes some minutes)\n' >&2
    if ! (cd "$root" && ./mvnw -B -P '!error-prone' -pl counter-http-adapter,examples -am -DskipTests -Dmaven.javadoc.skip=true \
            -Dmaven.source.skip=true package 2>&1 </dev/null) | tee "$log" | show_build "$terminal" >&2; then
        fail "the build failed; all of its output is in $log"
    fi
    mv "$built.new" "$built"
    printf 'Built in %d s\n' "$((SECONDS - started))" >&2
}

is_built || build

# File names and keys are UTF-8, whatever the locale.
case "${LC_ALL:-${LC_CTYPE:-${LANG:-}}}" in
    *[Uu][Tt][Ff]-8* | *[Uu][Tt][Ff]8*) ;;
    *) export LC_ALL=C.UTF-8 ;;
esac

# Standard input has lines to count unless it is a terminal, /dev/null, or closed.
piped=true
if ! { : 3<&0; } 2>/dev/null; then
    exec </dev/null
    piped=false
elif [ -t 0 ] || [ /dev/stdin -ef /dev/null ]; then
    piped=false
fi
terminal=false
columns=80
if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then
    terminal=true
    columns="$(stty size <&2 2>/dev/null | cut -d ' ' -f 2 || true)"
    [ "${columns:-0}" -ge 20 ] || columns=80
fi

# Runs a main class of the examples with the arguments that follow, and exits with its status.
#
# Java gets a process group of its own: Ctrl-C would otherwise reach Postgres, its child, as well, and
# stop it while counts are on their way. What is typed still comes in, through a process that may read it.
run_java() {
    local main="$1" child status
    shift
    if [ -t 0 ]; then
        exec 3< <(exec cat)
    else
        exec 3<&0
    fi
    set -m
    "$java" "-Dexamples.piped=$piped" "-Dexamples.terminal=$terminal" "-Dexamples.columns=$columns" \
        "-Dexamples.data=$here/.data" "-Dexamples.adapter=$root/counter-http-adapter/target/counter-http-adapter.jar" \
        -cp "$target/classes:$target/lib/*" "$main" "$@" <&3 &
    child=$!
    exec 3<&-
    trap 'kill -INT "$child" 2>/dev/null || true' INT
    trap 'kill -TERM "$child" 2>/dev/null || true' TERM HUP
    while true; do
        status=0
        wait "$child" || status=$?
        # A signal ends the wait, not the program.
        kill -0 "$child" 2>/dev/null || break
    done
    exit "$status"
}
