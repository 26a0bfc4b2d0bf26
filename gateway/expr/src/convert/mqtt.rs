//! The first packet of an MQTT connection, CONNECT or CONNACK, of versions 3.1, 3.1.1 and 5.0 (configuration.txt 7.3.1,
//! `mqtt_is_valid`, `mqtt_field_value`).

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("mqtt_is_valid", Type::Bin, Type::Bool, |v, _, _| is_valid(&v.into_bytes()).map(Value::Bool)).example("bin(100e00044d5154540402003c0002636c),mqtt_is_valid", "1"),
    convert("mqtt_field_value", Type::Bin, Type::Str, |v, a, _| field_value(&v.into_bytes(), a)).takes(&[Kind::Str, Kind::Str], 2).prepare(|args, _| field(args)).example("bin(100e00044d5154540402003c0002636c),mqtt_field_value(connect,client_identifier)", "cl"),
];

/// The types of packets in the order of their numbers, from 1.
#[rustfmt::skip]
const PACKETS: &[&str] = &[
    "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe", "suback", "unsubscribe",
    "unsuback", "pingreq", "pingresp", "disconnect", "auth",
];

const CONNECT: u8 = 1;
const CONNACK: u8 = 2;

/// The fields that have names, and the packets that have them.
#[rustfmt::skip]
const FIELDS: &[(&str, u8)] = &[
    ("flags", CONNECT), ("protocol_name", CONNECT), ("protocol_version", CONNECT), ("client_identifier", CONNECT),
    ("will_topic", CONNECT), ("will_payload", CONNECT), ("username", CONNECT), ("password", CONNECT),
    ("keepalive", CONNECT), ("flags", CONNACK), ("protocol_version", CONNACK), ("reason_code", CONNACK),
];

/// Where a property may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Connect,
    Will,
    Connack,
}

/// What a property holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// 0 or 1.
    Flag,
    Short,
    Long,
    /// As the other two, but never 0.
    SomeShort,
    SomeLong,
    Text,
    /// A name and a value, any number of times.
    Pair,
}

use Place::{Connack, Connect, Will};
use Shape::{Flag, Long, Pair, Short, SomeLong, SomeShort, Text};

/// The properties of version 5.0.
#[rustfmt::skip]
const PROPERTIES: &[(u8, Shape, &[Place])] = &[
    (1, Flag, &[Will]), (2, Long, &[Will]), (3, Text, &[Will]), (8, Text, &[Will]), (9, Text, &[Will]),
    (17, Long, &[Connect, Connack]), (18, Text, &[Connack]), (19, Short, &[Connack]),
    (21, Text, &[Connect, Connack]), (AUTHENTICATION_DATA, Text, &[Connect, Connack]), (23, Flag, &[Connect]),
    (24, Long, &[Will]), (25, Flag, &[Connect]), (26, Text, &[Connack]), (28, Text, &[Connack]),
    (31, Text, &[Connack]), (33, SomeShort, &[Connect, Connack]), (34, Short, &[Connect, Connack]),
    (36, Flag, &[Connack]), (37, Flag, &[Connack]), (38, Pair, &[Connect, Will, Connack]),
    (39, SomeLong, &[Connect, Connack]), (40, Flag, &[Connack]), (41, Flag, &[Connack]), (42, Flag, &[Connack]),
];

const AUTHENTICATION_METHOD: u8 = 21;
const AUTHENTICATION_DATA: u8 = 22;

/// Something that a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held<'a> {
    Number(u32),
    Bytes(&'a [u8]),
}

/// What it is: a field by its name, or a property by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Field(&'static str),
    Property(u8),
}

type Content<'a> = Vec<(Name, Held<'a>)>;

/// Why there is no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// More bytes may mend it.
    Incomplete,
    Malformed,
}

/// `mqtt_field_value(type,field)`: both become numbers, but for fields that have names.
fn field(args: &mut [Arg]) -> Result<(), String> {
    let text = |at| String::from_utf8_lossy(arg::text(args, at)).into_owned();
    let (kind, name) = (text(0), text(1));
    let named = PACKETS.iter().position(|known| known.eq_ignore_ascii_case(&kind)).map(|at| at + 1);
    let number = named.or_else(|| kind.parse().ok().filter(|number| (1..=PACKETS.len()).contains(number)));
    let number = number.ok_or_else(|| format!("Unknown MQTT type '{kind}'"))?;
    let packet = u8::try_from(number).unwrap_or_default();
    let known = FIELDS.iter().find(|(known, of)| *of == packet && known.eq_ignore_ascii_case(&name));
    let property = name.parse().ok().filter(|property| may_have(packet, *property));
    args[1] = match (known, property) {
        (Some((known, _)), _) => Arg::Str(known.as_bytes().to_vec()),
        (None, Some(property)) => Arg::Int(property.into()),
        (None, None) => return Err(format!("Unknown MQTT field name '{name}' for packet type '{kind}'")),
    };
    args[0] = Arg::Int(packet.into());
    Ok(())
}

fn may_have(packet: u8, property: u8) -> bool {
    let is_here = |place: &Place| packet == if *place == Connack { CONNACK } else { CONNECT };
    PROPERTIES.iter().any(|(id, _, places)| {
        *id == property && matches!(packet, CONNECT | CONNACK) && places.iter().any(is_here)
    })
}

fn is_valid(bytes: &[u8]) -> Option<bool> {
    match read(bytes) {
        Ok(_) => Some(true),
        Err(Fault::Malformed) => Some(false),
        Err(Fault::Incomplete) => None,
    }
}

fn field_value(bytes: &[u8], args: &[Arg]) -> Option<Value<'static>> {
    let (packet, content) = read(bytes).ok()?;
    if arg::int(args, 0) != Some(packet.into()) {
        return None;
    }
    let is_wanted = |name: &Name| match name {
        Name::Field(name) => arg::text(args, 1) == name.as_bytes(),
        Name::Property(id) => arg::int(args, 1) == Some((*id).into()),
    };
    let (_, held) = content.into_iter().find(|(name, _)| is_wanted(name))?;
    let bytes = match held {
        Held::Number(number) => number.to_string().into_bytes(),
        Held::Bytes(bytes) => bytes.to_vec(),
    };
    (!bytes.is_empty()).then(|| Value::Str(bytes.into()))
}

/// The type and the content of the packet that bytes begin with.
fn read(bytes: &[u8]) -> Result<(u8, Content<'_>), Fault> {
    let mut all = Reader(bytes);
    let first = all.byte().ok_or(Fault::Incomplete)?;
    let packet = first >> 4;
    if first & 15 != 0 || !matches!(packet, CONNECT | CONNACK) {
        return Err(Fault::Malformed);
    }
    let too_long = all.0.len() >= 4;
    let length = all.length().ok_or(if too_long { Fault::Malformed } else { Fault::Incomplete })?;
    let mut body = Reader(all.take(length).ok_or(Fault::Incomplete)?);
    let content = if packet == CONNECT { connect(&mut body) } else { connack(&mut body) };
    content.filter(|_| body.0.is_empty()).map(|content| (packet, content)).ok_or(Fault::Malformed)
}

fn connect<'a>(body: &mut Reader<'a>) -> Option<Content<'a>> {
    let name = body.text().filter(|name| [&b"MQTT"[..], b"MQIsdp"].contains(name))?;
    let version = body.byte().filter(|version| matches!(version, 3..=5))?;
    let flags = body.byte().filter(|flags| flags & 1 == 0)?;
    let mut content = vec![
        (Name::Field("protocol_name"), Held::Bytes(name)),
        (Name::Field("protocol_version"), Held::Number(version.into())),
        (Name::Field("flags"), Held::Number(flags.into())),
        (Name::Field("keepalive"), Held::Number(body.number(2)?)),
    ];
    if version == 5 {
        body.properties(Connect, &mut content)?;
    }
    content.push((Name::Field("client_identifier"), Held::Bytes(body.text()?)));
    if flags & 4 != 0 {
        if version == 5 {
            body.properties(Will, &mut content)?;
        }
        content.push((Name::Field("will_topic"), Held::Bytes(body.text()?)));
        content.push((Name::Field("will_payload"), Held::Bytes(body.text()?)));
    }
    for (flag, name) in [(0x80, "username"), (0x40, "password")] {
        if flags & flag != 0 {
            content.push((Name::Field(name), Held::Bytes(body.text()?)));
        }
    }
    Some(content)
}

/// One without properties is of version 3.1.1.
fn connack<'a>(body: &mut Reader<'a>) -> Option<Content<'a>> {
    let flags = body.byte().filter(|flags| *flags <= 1)?;
    let reason = body.byte()?;
    let version = if body.0.is_empty() { 4 } else { 5 };
    let mut content = vec![
        (Name::Field("flags"), Held::Number(flags.into())),
        (Name::Field("reason_code"), Held::Number(reason.into())),
        (Name::Field("protocol_version"), Held::Number(version)),
    ];
    if version == 5 {
        body.properties(Connack, &mut content)?;
    }
    Some(content)
}

/// Bytes that are still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// A number of so many bytes.
    fn number(&mut self, length: usize) -> Option<u32> {
        Some(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// Text or bytes behind their length.
    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number(2)?).ok()?;
        self.take(length)
    }

    /// A length in seven bits of each of up to four bytes, the lowest first.
    fn length(&mut self) -> Option<usize> {
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?;
            length |= usize::from(byte & 127) << shift;
            if byte & 128 == 0 {
                return Some(length);
            }
        }
        None
    }

    /// The properties of a place, each at most once. A number that is not there counts as zero.
    fn properties(&mut self, place: Place, content: &mut Content<'a>) -> Option<()> {
        let length = self.length()?;
        let mut list = Reader(self.take(length)?);
        let mut seen = Vec::new();
        while let Some(id) = list.byte() {
            let (_, shape, _) =
                PROPERTIES.iter().find(|(known, _, places)| *known == id && places.contains(&place))?;
            if *shape == Pair {
                list.text()?;
                list.text()?;
                continue;
            }
            if seen.contains(&id) {
                return None;
            }
            seen.push(id);
            content.push((Name::Property(id), list.property(*shape)?));
        }
        let absent = PROPERTIES.iter().filter(|(id, shape, places)| {
            places.contains(&place) && !matches!(shape, Text | Pair) && !seen.contains(id)
        });
        content.extend(absent.map(|(id, ..)| (Name::Property(*id), Held::Number(0))));
        (seen.contains(&AUTHENTICATION_METHOD) || !seen.contains(&AUTHENTICATION_DATA)).then_some(())
    }

    fn property(&mut self, shape: Shape) -> Option<Held<'a>> {
        let number = match shape {
            Flag => self.number(1).filter(|flag| *flag <= 1),
            Short => self.number(2),
            SomeShort => self.number(2).filter(|number| *number > 0),
            Long => self.number(4),
            SomeLong => self.number(4).filter(|number| *number > 0),
            Text | Pair => return self.text().map(Held::Bytes),
        };
        number.map(Held::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::unhex;

    const CONNECT_4: &str = "101e00044d51545404ce003c0002636c00027774000277700002757300027077";
    const CONNECT_5: &str = "106700044d51545405ce003c25110000000a210014270000006422000519011700150002616d16000261642600016b0001760002636c221800000007010102000000090300026374080002727409000263642600016b00017600027774000277700002757300027077";
    const PLAIN_5: &str = "100f00044d5154540502003c000002636c";
    const CONNACK_4: &str = "20020105";
    const CONNACK_5: &str = "2045010042110000000a21001424012500270000006412000261632200051f00027273280129002a0113001e1a000272691c00027372150002616d16000261642600016b000176";

    fn bytes(hex: &str) -> Vec<u8> {
        unhex(hex.as_bytes()).unwrap()
    }

    fn value(hex: &str, packet: &str, name: &str) -> Option<String> {
        let mut args = [Arg::Str(packet.into()), Arg::Str(name.into())];
        field(&mut args).unwrap();
        let found = field_value(&bytes(hex), &args)?;
        Some(String::from_utf8_lossy(&found.into_bytes()).into_owned())
    }

    /// What HAProxy 2.6 finds in the same packets.
    #[test]
    fn fields_and_properties_are_found() {
        for (hex, packet, expected) in [
            (
                CONNECT_4,
                "connect",
                "flags=206 protocol_name=MQTT protocol_version=4 client_identifier=cl will_topic=wt will_payload=wp username=us password=pw keepalive=60",
            ),
            (
                CONNECT_5,
                "1",
                "protocol_version=5 17=10 33=20 39=100 34=5 25=1 23=0 21=am 22=ad 24=7 1=1 2=9 3=ct 8=rt 9=cd will_topic=wt password=pw",
            ),
            (PLAIN_5, "CONNECT", "17=0 33=0 25=0 Client_Identifier=cl"),
            (CONNACK_4, "connack", "flags=1 reason_code=5 protocol_version=4"),
            (
                CONNACK_5,
                "2",
                "reason_code=0 protocol_version=5 17=10 33=20 36=1 37=0 39=100 18=ac 34=5 31=rs 40=1 41=0 42=1 19=30 26=ri 28=sr 21=am 22=ad",
            ),
        ] {
            for pair in expected.split(' ') {
                let (name, expected) = pair.split_once('=').unwrap();
                assert_eq!(value(hex, packet, name).as_deref(), Some(expected), "{packet} {name}");
            }
        }
        for (hex, packet, name) in [
            (CONNECT_5, "connect", "38"),
            (PLAIN_5, "connect", "21"),
            (PLAIN_5, "connect", "24"),
            (PLAIN_5, "connect", "username"),
            (CONNECT_4, "connect", "17"),
            (CONNECT_4, "connack", "flags"),
            ("100c00044d5154540402003c0000", "connect", "client_identifier"),
        ] {
            assert_eq!(value(hex, packet, name), None, "{packet} {name}");
        }
    }

    /// What HAProxy 2.6 says of the same packets.
    #[test]
    fn packets_are_valid_where_haproxy_says_so() {
        for (hex, expected) in [
            (CONNECT_5, Some(true)),
            (CONNACK_5, Some(true)),
            ("100e00044d5154540302003c0002636c", Some(true)),
            ("100e00044d5154540602003c0002636c", Some(false)),
            ("100e00044d5154540403003c0002636c", Some(false)),
            ("110e00044d5154540402003c0002636c", Some(false)),
            ("100e0004585858580402003c0002636c", Some(false)),
            ("100e00044d5154540482003c0002636c", Some(false)),
            ("100f00044d5154540402003c0002636c78", Some(false)),
            ("100e00044d5154540402003c0002636c7878", Some(true)),
            ("108e800000044d5154540402003c0002636c", Some(true)),
            ("101100044d5154540502003c0219020002636c", Some(false)),
            ("101300044d5154540502003c04190119000002636c", Some(false)),
            ("101200044d5154540502003c0321000000026c63", Some(false)),
            ("101300044d5154540502003c04160001780002636c", Some(false)),
            ("101100044d5154540502003c0201010002636c", Some(false)),
            ("20020200", Some(false)),
            ("2003000001", Some(false)),
            ("200100", Some(false)),
            ("1000", Some(false)),
            ("10", None),
            ("10808080800100", Some(false)),
            ("c000", Some(false)),
            ("474554202f", Some(false)),
        ] {
            assert_eq!(is_valid(&bytes(hex)), expected, "{hex}");
        }
        let whole = bytes(CONNECT_5);
        assert!((0..whole.len()).all(|end| is_valid(&whole[..end]).is_none()));
    }

    #[test]
    fn types_and_fields_are_those_that_haproxy_knows() {
        let read = |packet: &str, name: &str| field(&mut [Arg::Str(packet.into()), Arg::Str(name.into())]);
        assert!(read("CONNECT", "USERNAME").is_ok() && read("2", "18").is_ok() && read("1", "24").is_ok());
        for (packet, name, expected) in [
            ("foo", "flags", "Unknown MQTT type 'foo'"),
            ("16", "flags", "Unknown MQTT type '16'"),
            ("", "19", "Unknown MQTT type ''"),
            ("connect", "19", "Unknown MQTT field name '19' for packet type 'connect'"),
            ("1", "reason_code", "Unknown MQTT field name 'reason_code' for packet type '1'"),
            ("publish", "flags", "Unknown MQTT field name 'flags' for packet type 'publish'"),
        ] {
            assert_eq!(read(packet, name), Err(expected.to_owned()));
        }
    }
}
