# What the checks of a guest are written with: POSIX sh, any Linux, also busybox. $R is the root of what is looked at.
# Each check runs in a subshell that ends with its verdict: one line, ID, verdict and evidence, separated by tabs.
R=${OOS_BASELINE_ROOT:-}
KEPT_ALL=$R/var/lib/oos/baseline
LC_ALL=C
export LC_ALL

verdict() { # VERDICT EVIDENCE
  printf 'oos-baseline\t%s\t%s\t%s\n' "$ID" "$1" "$(printf %s "$2" | tr '\t\n' '  ' | cut -c1-300)"
  exit 0
}
pass() { verdict Passed "${1:-}"; }
fail() { verdict Failed "$1"; }
skip() { verdict Skipped "$1"; }

program() { command -v "$1" >/dev/null 2>&1; }
there() { [ -e "$R$1" ] || skip "there is no $1"; }
none_of() { # NAMES WHAT-THEY-DO
  [ -z "$(printf %s "$1" | tr -d ' \n')" ] || fail "$(printf %s "$1" | tr '\n' ' '): $2"
  pass
}

# keeping what a fix changes

keep() { # FILE: the first time only, so that a fix that is repeated keeps what was there before the first
  mkdir -p "$KEPT" && chmod 700 "$KEPT_ALL"
  [ -e "$KEPT$1" ] || grep -qsxF "$1" "$KEPT/absent" && return
  if [ -e "$R$1" ]; then
    mkdir -p "$KEPT${1%/*}" && cp -p "$R$1" "$KEPT$1"
  else
    echo "$1" >>"$KEPT/absent"
  fi
}

restore() {
  [ -d "$KEPT" ] || skip "nothing was changed"
  [ ! -e "$KEPT/modes" ] || while read -r mode owner path; do
    chown "$owner" "$R$path" && chmod "$mode" "$R$path"
  done <"$KEPT/modes"
  [ ! -e "$KEPT/sysctls" ] || while read -r key value; do sysctl_write "$key" "$value"; done <"$KEPT/sysctls"
  [ ! -e "$KEPT/absent" ] || while read -r path; do rm -f "$R$path"; done <"$KEPT/absent"
  (cd "$KEPT" && find . -type f ! -path ./absent ! -path ./modes ! -path ./sysctls) | while read -r path; do
    cp -p "$KEPT/$path" "$R/$path"
  done
  [ ! -e "$KEPT/etc/ssh" ] && ! grep -qs ^/etc/ssh/ "$KEPT/absent" || sshd_reload
  rm -rf "$KEPT"
}

# modes

mode_within() { # PATH MOST
  there "$1"
  mode=$(stat -c %a "$R$1")
  [ "$(stat -c %u "$R$1")" = "$(stat -c %u "$R/")" ] || fail "$1 does not belong to root"
  [ $((0$mode & ~0$2)) -eq 0 ] || fail "$1 has mode $mode; at most $2"
  pass
}
mode_set() { # PATH MODE
  mkdir -p "$KEPT" && chmod 700 "$KEPT_ALL"
  [ -e "$KEPT/modes" ] || echo "$(stat -c '%a %u' "$R$1") $1" >"$KEPT/modes"
  chown "$(stat -c %u "$R/")" "$R$1" && chmod "$2" "$R$1"
}

# sysctl

sysctl_path() { echo "$R/proc/sys/$(echo "$1" | tr . /)"; }
sysctl_write() { echo "$2" >"$(sysctl_path "$1")"; }
sysctl_is() { # KEY VALUE…
  key=$1
  shift
  [ -e "$(sysctl_path "$key")" ] || skip "this kernel has no $key"
  now=$(cat "$(sysctl_path "$key")")
  for value; do [ "$now" != "$value" ] || pass; done
  fail "$key is $now"
}
sysctl_set() { # KEY VALUE
  file=/etc/sysctl.d/90-oos-$ID.conf
  mkdir -p "$KEPT" "$R/etc/sysctl.d"
  [ -e "$KEPT/sysctls" ] || echo "$1 $(cat "$(sysctl_path "$1")")" >"$KEPT/sysctls"
  keep "$file"
  echo "$1 = $2" >"$R$file"
  sysctl_write "$1" "$2"
}

# OpenSSH: the first word on an option counts, and what stands in a Match block does not

sshd_option() { # OPTION DEFAULT
  {
    grep -qsiE '^[[:space:]]*Include[[:space:]].*sshd_config\.d' "$R/etc/ssh/sshd_config" &&
      cat "$R"/etc/ssh/sshd_config.d/*.conf 2>/dev/null
    cat "$R/etc/ssh/sshd_config"
  } | awk -v option="$1" -v default="$2" '
    tolower($1) == "match" {exit}
    tolower($1) == tolower(option) {print tolower($2); found = 1; exit}
    END {if (!found) print default}' | head -n 1
}
sshd_is() { # OPTION DEFAULT VALUE…
  there /etc/ssh/sshd_config
  option=$1
  now=$(sshd_option "$1" "$2")
  shift 2
  for value; do [ "$now" != "$value" ] || pass; done
  fail "$option is $now"
}
sshd_at_most() { # OPTION DEFAULT MOST
  there /etc/ssh/sshd_config
  now=$(sshd_option "$1" "$2")
  [ "$now" -le "$3" ] || fail "$1 is $now; at most $3"
  pass
}
sshd_set() { # OPTION VALUE
  file=/etc/ssh/sshd_config
  if grep -qsiE '^[[:space:]]*Include[[:space:]].*sshd_config\.d' "$R$file"; then
    file=/etc/ssh/sshd_config.d/00-oos-$ID.conf
    keep "$file"
    mkdir -p "$R/etc/ssh/sshd_config.d"
    echo "$1 $2" >"$R$file"
  else
    keep "$file"
    { echo "$1 $2" && cat "$KEPT$file"; } >"$R$file"
  fi
  if [ -z "$R" ] && program sshd && ! sshd -t; then
    restore
    fail "sshd refuses $1 $2"
  fi
  sshd_reload
}
sshd_reload() {
  [ -z "$R" ] || return 0
  if program systemctl; then
    systemctl -q reload ssh 2>/dev/null || systemctl -q reload sshd 2>/dev/null || :
  elif [ -e /run/sshd.pid ]; then
    kill -HUP "$(cat /run/sshd.pid)"
  fi
}

# what is done with a check

look() { ( "check_$1" ); }
judge() { # NUMBER: mode MODE
  case $MODE in
    Check) look "$1" ;;
    Fix)
      before=$(look "$1")
      case $before in *"	Failed	"*) ;; *) echo "$before"; return ;; esac
      complaint=$( ( "fix_$1" ) 2>&1)
      after=$(look "$1")
      case $after in
        *"	Passed	"*) (verdict Fixed "it was: ${before##*	}") ;;
        *) (verdict Failed "${after##*	}${complaint:+; the fix said: ${complaint##*	}}") ;;
      esac
      ;;
    Undo)
      said=$( (restore) )
      [ -z "$said" ] || { echo "$said"; return; }
      after=$(look "$1")
      (verdict Undone "${after##*	}")
      ;;
  esac
}
