// Package nginxconf writes configuration files of nginx from values, so that no text can break out of its place.
package nginxconf

import (
	"fmt"
	"strings"
)

// maxToken is the longest token that nginx reads, less room for the quotes and escapes.
const maxToken = 2000

// Directive is one line, or a block where Block is not nil.
//
// Name and Args are tokens: whatever is in them, nginx reads exactly that. A $ still begins a variable in the arguments that
// nginx expands; text of users belongs into arguments that it does not, such as those of server_name and location.
type Directive struct {
	Name  string
	Args  []string
	Block []Directive
}

// Line is a directive without a block.
func Line(name string, args ...string) Directive { return Directive{Name: name, Args: args} }

// Block is a directive with a block. Its arguments are added by With.
func Block(name string, inner ...Directive) Directive {
	return Directive{Name: name, Block: append([]Directive{}, inner...)}
}

// With returns the directive with arguments.
func (d Directive) With(args ...string) Directive {
	d.Args = args
	return d
}

// Render writes the directives. It refuses tokens that nginx cannot hold: those with control characters, and too long ones.
func Render(directives []Directive) (string, error) {
	w := &writer{}
	w.directives(directives, "")
	if w.err != nil {
		return "", w.err
	}
	return w.text.String(), nil
}

type writer struct {
	text strings.Builder
	err  error
}

func (w *writer) directives(list []Directive, indent string) {
	for _, directive := range list {
		w.directive(directive, indent)
	}
}

func (w *writer) directive(d Directive, indent string) {
	w.text.WriteString(indent)
	w.token(d.Name)
	for _, arg := range d.Args {
		w.text.WriteByte(' ')
		w.token(arg)
	}
	if d.Block == nil {
		w.text.WriteString(";\n")
		return
	}
	w.text.WriteString(" {\n")
	w.directives(d.Block, indent+"    ")
	w.text.WriteString(indent + "}\n")
}

// token writes plain words as they are and puts everything else into quotes, where only the quote and the backslash have a
// meaning.
func (w *writer) token(text string) {
	if len(text) > maxToken {
		w.fail("a token of %d characters", len(text))
	}
	if strings.ContainsFunc(text, control) {
		w.fail("a control character in %q", text)
	}
	if plain(text) {
		w.text.WriteString(text)
		return
	}
	w.text.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`)
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("nginx configuration: "+format, args...)
	}
}

func control(char rune) bool { return char < ' ' || char == 0x7f }

// plain says whether a token needs no quotes: it has only characters without a meaning of their own.
func plain(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(char rune) bool {
		letter := char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z' || char >= '0' && char <= '9'
		return !letter && !strings.ContainsRune("_-./:=$*^~+@,", char)
	})
}
