import { unreachable } from '../base/assert.ts';

export const shellNames = ['bash', 'zsh', 'fish'] as const;
export type ShellName = (typeof shellNames)[number];

/**
 * What a shell has to be told once; what may come next it asks of `lockstep complete`. Where
 * that offers nothing, files are offered.
 */
export function completionScript(shell: ShellName): string {
  switch (shell) {
    case 'bash':
      return bash;
    case 'zsh':
      return zsh;
    case 'fish':
      return fish;
    default:
      return unreachable(shell);
  }
}

/** Bash takes `=` and `:` for ends of words, so what is offered begins behind the last of them. */
const bash = `# bash completion of lockstep: eval "$(lockstep completion bash)"
_lockstep() {
  local line=\${COMP_LINE:0:COMP_POINT} words current before candidate
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=\${words[\${#words[@]}-1]}
  before=\${current%"\${current##*[=:]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    COMPREPLY+=("\${candidate#"$before"}")
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _lockstep lockstep`;

const zsh = `#compdef lockstep
# zsh completion of lockstep: eval "$(lockstep completion zsh)", behind compinit
_lockstep() {
  local line
  local -a plain assigned
  for line in "\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    local entry="\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}"
    if [[ \${line%%$'\\t'*} == *= ]]; then assigned+=("$entry"); else plain+=("$entry"); fi
  done
  if (( \${#plain} + \${#assigned} == 0 )); then
    _files
    return
  fi
  (( \${#plain} )) && _describe lockstep plain
  (( \${#assigned} )) && _describe lockstep assigned -S ''
}
compdef _lockstep lockstep`;

const fish = `# fish completion of lockstep: lockstep completion fish | source
function __lockstep_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] complete -- $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c lockstep -f -a '(__lockstep_complete)'`;
