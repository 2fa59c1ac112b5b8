package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// protocols are the security protocols of Kafka.
func isProtocol(s string) bool {
	return s == "PLAINTEXT" || s == "SSL" || s == "SASL_PLAINTEXT" || s == "SASL_SSL"
}

// protocolMap is listener.security.protocol.map: the protocol of each
// listener name, upper case. Where the key is not set, controller listeners
// are plaintext too.
func (b *Broker) protocolMap() (map[string]string, error) {
	protocols := map[string]string{}
	for _, entry := range splitList(b.Text("listener.security.protocol.map")) {
		i := strings.LastIndexByte(entry, ':')
		if i < 0 {
			return nil, fmt.Errorf("listener.security.protocol.map: %q is not NAME:PROTOCOL", entry)
		}
		name, protocol := strings.ToUpper(trim(entry[:i])), strings.ToUpper(trim(entry[i+1:]))
		if !isProtocol(protocol) {
			return nil, fmt.Errorf("Invalid security protocol `%s` defined in listener.security.protocol.map", protocol)
		}
		protocols[name] = protocol
	}
	if _, set := b.set.static["listener.security.protocol.map"]; !set {
		for _, name := range b.List("controller.listener.names") {
			if up := strings.ToUpper(name); protocols[up] == "" {
				protocols[up] = "PLAINTEXT"
			}
		}
	}
	return protocols, nil
}

// parseListeners reads one of the two lists.
func parseListeners(key string, entries []string, protocols map[string]string) ([]Listener, error) {
	listeners := make([]Listener, 0, len(entries))
	for _, e := range entries {
		name, address, ok := strings.Cut(e, "://")
		host, port, valid := splitHostPort(address)
		if !ok || name == "" || !valid {
			return nil, fmt.Errorf("%s: %q is not NAME://host:port", key, e)
		}
		name = strings.ToUpper(name)
		protocol := protocols[name]
		if protocol == "" {
			return nil, fmt.Errorf("No security protocol defined for listener %s", name)
		}
		if slices.ContainsFunc(listeners, func(l Listener) bool { return l.Name == name }) {
			return nil, fmt.Errorf("Each listener must have a different name, %s: %s", key, strings.Join(entries, ","))
		}
		listeners = append(listeners, Listener{Name: name, Protocol: protocol, Host: host, Port: port})
	}
	return listeners, nil
}

// distinctPorts refuses two listeners of one port, unless one is on an IPv4
// address and the other on an IPv6 one.
func distinctPorts(listeners []Listener) error {
	for i, a := range listeners {
		for _, b := range listeners[:i] {
			if a.Port != b.Port || a.Port == 0 {
				continue
			}
			x, errX := netip.ParseAddr(a.Host)
			y, errY := netip.ParseAddr(b.Host)
			if errX != nil || errY != nil || x.Is4() == y.Is4() {
				return fmt.Errorf("Each listener must have a different port, listeners: %s and %s both have port %d", b.Name, a.Name, a.Port)
			}
		}
	}
	return nil
}

// fillListeners sets the listener fields.
func (b *Broker) fillListeners() error {
	protocols, err := b.protocolMap()
	if err != nil {
		return err
	}
	all, err := parseListeners("listeners", b.List("listeners"), protocols)
	if err != nil {
		return err
	}
	if err := distinctPorts(all); err != nil {
		return err
	}
	b.Listeners, b.ControllerListeners, b.AdvertisedListeners = nil, nil, nil
	for _, l := range all {
		if b.isController(l.Name) {
			b.ControllerListeners = append(b.ControllerListeners, l)
		} else {
			b.Listeners = append(b.Listeners, l)
		}
	}
	advertised, err := parseListeners("advertised.listeners", b.List("advertised.listeners"), protocols)
	if err != nil {
		return err
	}
	if len(advertised) == 0 {
		b.AdvertisedListeners = b.Listeners
	}
	for _, l := range advertised {
		if !b.isController(l.Name) {
			b.AdvertisedListeners = append(b.AdvertisedListeners, l)
		}
	}
	b.AdvertisedControllers = b.advertisedControllers(advertised)
	b.InterBrokerListener = strings.ToUpper(b.Text("inter.broker.listener.name"))
	if b.InterBrokerListener == "" {
		b.InterBrokerListener = b.Text("security.inter.broker.protocol")
	} else if protocols[b.InterBrokerListener] == "" {
		return fmt.Errorf("Listener with name %s defined in inter.broker.listener.name not found in listener.security.protocol.map.", b.InterBrokerListener)
	}
	return nil
}

func (b *Broker) isController(name string) bool {
	return slices.ContainsFunc(b.List("controller.listener.names"), func(c string) bool { return strings.EqualFold(c, name) })
}

// advertisedControllers are the controller's addresses as others see them: as
// advertised, else as listened on, the first one on no particular host as
// controller.quorum.voters has it.
func (b *Broker) advertisedControllers(advertised []Listener) []Listener {
	var out []Listener
	for i, name := range b.List("controller.listener.names") {
		same := func(l Listener) bool { return strings.EqualFold(l.Name, name) }
		if j := slices.IndexFunc(advertised, same); j >= 0 {
			out = append(out, advertised[j])
			continue
		}
		j := slices.IndexFunc(b.ControllerListeners, same)
		if j < 0 {
			continue
		}
		l := b.ControllerListeners[j]
		if l.Host == "" || l.Host == "0.0.0.0" {
			l.Host = ""
			if v := slices.IndexFunc(b.Voters, func(v Voter) bool { return v.ID == b.NodeID }); v >= 0 && i == 0 {
				l.Host, l.Port = b.Voters[v].Host, b.Voters[v].Port
			}
		}
		out = append(out, l)
	}
	return out
}

// httpListenersMax bounds gregor.http.listeners.
const httpListenersMax = 8

// parseHTTPListeners reads gregor.http.listeners: host:port, with or without
// http:// before it.
func parseHTTPListeners(entries []string) ([]HTTPListener, error) {
	if len(entries) > httpListenersMax {
		return nil, fmt.Errorf("gregor.http.listeners: %d entries, and at most %d are served", len(entries), httpListenersMax)
	}
	listeners := make([]HTTPListener, 0, len(entries))
	for _, e := range entries {
		host, port, ok := splitHostPort(strings.TrimSuffix(strings.TrimPrefix(e, "http://"), "/"))
		if !ok {
			return nil, fmt.Errorf("gregor.http.listeners: %q is not host:port", e)
		}
		listeners = append(listeners, HTTPListener{Host: host, Port: port})
	}
	return listeners, nil
}
