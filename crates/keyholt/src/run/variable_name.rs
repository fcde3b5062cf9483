//! Which names of secrets become variables.

/// What loaders, shells and interpreters obey: whoever may write such a secret would decide what runs here, which is
/// more than the right to write is meant to give.
const OBEYED: &[&str] = &[
    "BASHOPTS",
    "BASH_ENV",
    "BROWSER",
    "CDPATH",
    "CLASSPATH",
    "DOTNET_STARTUP_HOOKS",
    "EDITOR",
    "ENV",
    "EXINIT",
    "GCC_EXEC_PREFIX",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "GLOBIGNORE",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "INPUTRC",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LESSCLOSE",
    "LESSOPEN",
    "LOCPATH",
    "LUA_CPATH",
    "LUA_INIT",
    "LUA_PATH",
    "MAKEFLAGS",
    "MANPAGER",
    "NLSPATH",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NPM_CONFIG_NODE_OPTIONS",
    "NPM_CONFIG_SCRIPT_SHELL",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PAGER",
    "PATH",
    "PERLLIB",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PS4",
    "RES_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "RUSTC_WRAPPER",
    "SHELL",
    "SHELLOPTS",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "TERMINFO",
    "TERMINFO_DIRS",
    "TMPDIR",
    "VIMINIT",
    "VISUAL",
    "XDG_CONFIG_HOME",
    "ZDOTDIR",
    "_JAVA_OPTIONS",
    "npm_config_node_options",
    "npm_config_script_shell",
];

/// The same, by how they begin.
const OBEYED_BEGINNINGS: &[&str] =
    &["BASH_FUNC_", "CORECLR_PROFILER", "COR_PROFILER", "DYLD_", "GIT_", "LD_", "MALLOC_", "PERL5", "PYTHON"];

/// Whether a variable can have this name wherever there are variables (POSIX.1-2024, 8.1).
pub(super) fn is_variable_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    bytes.next().is_some_and(is_first) && bytes.all(|byte| is_first(byte) || byte.is_ascii_digit())
}

/// Whether programs obey a variable of this name, so that it is only set for who asks for it by name.
pub(super) fn is_obeyed(name: &str) -> bool {
    OBEYED.contains(&name) || OBEYED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_begins_with_a_letter_and_goes_on_with_letters_and_digits() {
        for name in ["A", "_", "a1", "OPENAI_API_KEY", "_9"] {
            assert!(is_variable_name(name), "{name}");
        }
        for name in ["", "1A", "A-B", "A B", "A=B", "team/KEY", "Ä", "A\0", "A.B"] {
            assert!(!is_variable_name(name), "{name}");
        }
    }

    #[test]
    fn names_of_providers_keys_are_obeyed_by_nobody() {
        for name in
            ["OPENAI_API_KEY", "AWS_ACCESS_KEY_ID", "PATHS", "LDAP_PASSWORD", "GITHUB_TOKEN", "HOME_KEY"]
        {
            assert!(!is_obeyed(name), "{name}");
        }
        for name in [
            "PATH",
            "LD_PRELOAD",
            "PYTHONPATH",
            "NODE_OPTIONS",
            "BASH_ENV",
            "GIT_SSH_COMMAND",
            "LUA_INIT",
            "PERLLIB",
            "LESSOPEN",
            "OPENSSL_CONF",
            "CORECLR_PROFILER_PATH",
        ] {
            assert!(is_obeyed(name), "{name}");
        }
    }
}
