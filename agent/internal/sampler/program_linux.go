package sampler

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// canProbe says that what lies beside a program can be looked at here.
const canProbe = true

// maxPrograms bounds the programs whose surroundings are remembered; more are looked at again.
const maxPrograms = 256

// fileKey names a file in the form in which it was started: the same path can lead to another file in a container.
type fileKey struct {
	path     string
	dev, ino uint64
}

// programOf looks at the file of a process and beside it, through the process's own root folder, which is another for a
// container or a Flatpak. It asks for names only and opens nothing.
func (h *host) programOf(pid int32, exe string) program {
	p := program{path: filePath(exe)}
	if exe == "" {
		return p
	}
	own := h.proc.Path(pid)
	var st unix.Stat_t
	if err := unix.Stat(own+"/exe", &st); err != nil {
		return p
	}
	key := fileKey{p.path, st.Dev, st.Ino}
	if known, ok := h.programs[key]; ok {
		return known
	}
	folder := path.Dir(p.path)
	beside := own + "/root" + folder
	if _, err := os.Lstat(beside); err != nil {
		beside = folder // its root folder is closed to the agent, as that of another user's process may be
	}
	open := true
	p.engine, p.embeds = layout(func(pattern string) bool {
		found, ok := existsBeside(beside, pattern)
		open = open && ok
		return found
	})
	p.known, p.system = open, st.Uid == 0 && st.Mode&0o022 == 0
	if len(h.programs) >= maxPrograms {
		clear(h.programs)
	}
	h.programs[key] = p
	return p
}

// existsBeside reports whether a name or pattern exists in a folder, and whether that could be looked at.
func existsBeside(folder, pattern string) (found, ok bool) {
	if !strings.Contains(pattern, "*") {
		_, err := os.Lstat(folder + "/" + pattern)
		return err == nil, err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR)
	}
	// The folder is in the hands of whoever runs the program, who may have put a pipe in its place: waiting for its other
	// end would end all watching.
	dir, err := os.OpenFile(folder, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false, errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(maxBeside)
	if err != nil {
		return false, true // an empty folder
	}
	for _, n := range names {
		if match, err := filepath.Match(pattern, n); err == nil && match {
			return true, true
		}
	}
	return false, true
}

// maxBeside bounds the names read of a program's folder: browsers have under a hundred there.
const maxBeside = 2048

// mayLook reports whether the agent may see the file of a process of this user. Where it may and yet sees none, the
// process has closed itself.
func (h *host) mayLook(user string) bool {
	return h.ptrace || user == strconv.Itoa(os.Geteuid())
}

// hasPtrace reports whether the agent may look at the processes of others, which root in a container often may not.
func hasPtrace() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return data[0].Effective&(1<<unix.CAP_SYS_PTRACE) != 0
}
