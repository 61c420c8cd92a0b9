package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// ExtensionProtocol is the name by which a native messaging host asks for a channel to the agent.
const ExtensionProtocol = "minewatch-extension"

// ExtensionChannel opens the channel of a native messaging host: native messages in both directions, until either side
// closes it. ctx bounds the opening only. The error wraps ErrVersion if the agent is too old to have channels.
func (c *Client) ExtensionChannel(ctx context.Context) (io.ReadWriteCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://minewatch/v1/browser/channel", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", ExtensionProtocol)
	res, err := c.send(req)
	if err != nil {
		return nil, err
	}
	channel, ok := res.Body.(io.ReadWriteCloser)
	if ok && res.StatusCode == http.StatusSwitchingProtocols {
		return channel, nil
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%w: update and restart the agent at %s", ErrVersion, c.socket)
	}
	return nil, refused(res)
}
