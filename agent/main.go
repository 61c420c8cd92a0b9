// Command minewatch is the agent: it watches the load of processes and browser tabs, says when it looks like mining,
// and names the site. The same program is its own command line and the browser's native messaging host.
package main

import (
	"os"

	"github.com/minewatch/minewatch/agent/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
