package api

import (
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/auth"
	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Conn is what a handler knows of the connection.
type Conn struct {
	ID       uint64
	Listener string // the name of the listener that accepted it
	// Controller says that it is a controller's listener: only what Kafka's
	// controllers serve is served there.
	Controller bool
	Local      net.Addr
	Remote     net.Addr
	// Software is what the client said of itself in ApiVersions.
	SoftwareName, SoftwareVersion string
}

// Call is what a handler knows of a request besides its body. It is valid
// until the handler returns.
type Call struct {
	*Conn
	Key           kafka.APIKey
	Version       int16
	CorrelationID int32
	ClientID      string // "" where the client gave none
	Principal     auth.Principal
	Received      time.Time // when the whole request was read

	remote, asked time.Duration // see waits
	follower      bool          // a fetch of a broker that replicates
	conversion    *batch.Conversion
}

// converted is where the conversions of the request are summed up.
func (call *Call) converted() *batch.Conversion {
	if call.conversion == nil {
		call.conversion = new(batch.Conversion)
	}
	return call.conversion
}

// ClientHost is the client's address as Kafka's groups show it: Java's way,
// /127.0.0.1 or /0:0:0:0:0:0:0:1.
func (c *Conn) ClientHost() string {
	tcp, ok := c.Remote.(*net.TCPAddr)
	if !ok {
		host, _, err := net.SplitHostPort(c.Remote.String())
		if err != nil {
			host = c.Remote.String()
		}
		return "/" + host
	}
	if v4 := tcp.IP.To4(); v4 != nil {
		return "/" + v4.String()
	}
	parts := make([]string, 0, net.IPv6len/2)
	for i := 0; i+1 < len(tcp.IP); i += 2 {
		parts = append(parts, strconv.FormatUint(uint64(tcp.IP[i])<<8|uint64(tcp.IP[i+1]), 16))
	}
	return "/" + strings.Join(parts, ":")
}

// address is the client's address and port, without Java's decoration.
func (c *Conn) address() (host, port string) {
	host, port, err := net.SplitHostPort(c.Remote.String())
	if err != nil {
		return c.Remote.String(), ""
	}
	return host, port
}
