package nginxconf

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestRender(t *testing.T) {
	text, err := Render([]Directive{
		Line("worker_processes", "2"),
		Block("http",
			Line("log_format", "access", `{"path":"$uri"}`),
			Block("server", Line("server_name", "_")),
			Block("map").With("$http_upgrade", "$connection"),
		),
	})
	want := `worker_processes 2;
http {
    log_format access "{\"path\":\"$uri\"}";
    server {
        server_name _;
    }
    map $http_upgrade $connection {
    }
}
`
	if err != nil || text != want {
		t.Fatalf("%v\n%s", err, text)
	}
}

func TestNothingBreaksOut(t *testing.T) {
	for _, text := range []string{
		"", " ", ";", "{", "}", "#", `"`, `'`, `\`, `\\`, `\"`, `"; } server { listen 1; } #`, "a b", `a\`, `\n`, "${host}", "é/ü", "~x",
	} {
		tree := []Directive{Block("server", Line("location", text, text), Line(text+"x", "y"))}
		roundTrip(t, tree)
	}
}

func TestRefused(t *testing.T) {
	for _, tree := range []Directive{
		Line("a\tb"), Line("a", "b\nc"), Line("a", "\x00"), Line("a", "\x7f"), Line("a", strings.Repeat("x", 4096)),
		Block("http", Line("listen", "80\r")),
	} {
		if text, err := Render([]Directive{tree}); err == nil {
			t.Errorf("%+v was written as %q", tree, text)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("server_name", "example.com", "/api")
	f.Add("location", `"; } server { listen 1; } #`, `\`)
	f.Add("", "\x00", "${a}")
	f.Fuzz(func(t *testing.T, name, first, second string) {
		tree := []Directive{Block(name, Line(name, first, second), Line("end")).With(second), Line("after", first)}
		if _, err := Render(tree); err == nil {
			roundTrip(t, tree)
		}
	})
}

// roundTrip reads what was written with a tokenizer of its own, after the rules of nginx's ngx_conf_read_token.
func roundTrip(t *testing.T, tree []Directive) {
	t.Helper()
	text, err := Render(tree)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := tokenize(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	read, rest := parse(tokens)
	if len(rest) > 0 || !reflect.DeepEqual(normal(read), normal(tree)) {
		t.Fatalf("wrote %+v\nread %+v, %d tokens left\n%s", tree, read, len(rest), text)
	}
}

// token is a word, or one of ; { } as a mark.
type token struct {
	text string
	mark bool
}

func tokenize(text string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(text); {
		switch char := text[i]; {
		case strings.IndexByte(" \t\r\n", char) >= 0:
			i++
		case char == '#':
			i += strings.IndexByte(text[i:]+"\n", '\n')
		case strings.IndexByte(";{}", char) >= 0:
			tokens = append(tokens, token{string(char), true})
			i++
		case char == '"' || char == '\'':
			word, next, err := quoted(text, i)
			if err != nil {
				return nil, err
			}
			tokens, i = append(tokens, token{word, false}), next
		default:
			end := i + strings.IndexAny(text[i:]+" ", " \t\r\n;{")
			tokens, i = append(tokens, token{text[i:end], false}), end
		}
	}
	return tokens, nil
}

func quoted(text string, start int) (string, int, error) {
	var word strings.Builder
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && strings.IndexByte(`"'\`, text[i+1]) >= 0:
			i++
			word.WriteByte(text[i])
		case text[i] == text[start]:
			if i+1 < len(text) && strings.IndexByte(" \t\r\n;{)", text[i+1]) < 0 {
				return "", 0, errors.New("text after a quote")
			}
			return word.String(), i + 1, nil
		default:
			word.WriteByte(text[i])
		}
	}
	return "", 0, errors.New("open quote")
}

func parse(tokens []token) (list []Directive, rest []token) {
	var words []string
	for len(tokens) > 0 {
		next := tokens[0]
		tokens = tokens[1:]
		switch {
		case !next.mark:
			words = append(words, next.text)
		case next.text == ";":
			list = append(list, Line(words[0], words[1:]...))
			words = nil
		case next.text == "{":
			var inner []Directive
			inner, tokens = parse(tokens)
			list = append(list, Block(words[0], inner...).With(words[1:]...))
			words = nil
		default:
			return list, tokens
		}
	}
	return list, nil
}

// normal makes empty and absent arguments alike.
func normal(list []Directive) []Directive {
	var result []Directive
	for _, d := range list {
		if len(d.Args) == 0 {
			d.Args = nil
		}
		if d.Block != nil {
			d.Block = append([]Directive{}, normal(d.Block)...)
		}
		result = append(result, d)
	}
	return result
}
