package recipe

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/stackwright/stackwright/hack/images/internal/archive"
	"github.com/stackwright/stackwright/hack/images/internal/debian"
)

// Operator wraps one static program into an image of nothing else and writes
// its archive to out.
func Operator(binary, tag, out string) error {
	if err := checkStatic(binary); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(out), filepath.Base(out)+".*")
	if err != nil {
		return fmt.Errorf("make the archive: %w", err)
	}
	defer os.Remove(temporary.Name())
	defer temporary.Close()
	if err := writeOperator(archive.NewWriter(temporary), binary, tag); err != nil {
		return err
	}
	if err := temporary.Chmod(0o644); err != nil {
		return fmt.Errorf("make the archive readable: %w", err)
	}
	if err := temporary.Close(); err != nil {
		return fmt.Errorf("finish the archive: %w", err)
	}
	return os.Rename(temporary.Name(), out)
}

func writeOperator(writer *archive.Writer, binary, tag string) error {
	builder := archive.NewLayerBuilder()
	name := filepath.Base(binary)
	if err := operatorFiles(builder, name, binary); err != nil {
		return fmt.Errorf("collect the operator's files: %w", err)
	}
	content, size, err := builder.Finish()
	if err != nil {
		return err
	}
	layer, err := writer.AddLayer("operator", content, size)
	if err != nil {
		return err
	}
	user := strconv.Itoa(debian.Unprivileged)
	config := archive.Config{User: user + ":" + user, Env: []string{"PATH=/"}, Entrypoint: []string{"/" + name}}
	if err := writer.AddImage([]string{tag}, config, runtime.GOARCH, layer); err != nil {
		return err
	}
	return writer.Close()
}

func operatorFiles(builder *archive.LayerBuilder, name, binary string) error {
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	if err := builder.Dir("tmp", os.ModeSticky|0o777); err != nil {
		return err
	}
	passwd := fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:%[1]d:%[1]d:nonroot:/:/sbin/nologin\n", debian.Unprivileged)
	if err := builder.File("etc/passwd", 0o644, []byte(passwd)); err != nil {
		return err
	}
	group := fmt.Sprintf("root:x:0:\nnonroot:x:%d:\n", debian.Unprivileged)
	if err := builder.File("etc/group", 0o644, []byte(group)); err != nil {
		return err
	}
	return builder.File(name, 0o755, program)
}

// checkStatic refuses a program that would look for a loader or libraries which
// the image does not have.
func checkStatic(binary string) error {
	file, err := elf.Open(binary)
	if err != nil {
		return fmt.Errorf("read %s as a Linux program: %w", binary, err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("%s is linked dynamically and would not start in an empty image: build it with CGO_ENABLED=0", binary)
		}
	}
	return nil
}
