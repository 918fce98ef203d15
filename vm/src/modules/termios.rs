//! Module `termios`.

use super::posix::sys::{errno, strerror, sys};
use crate::error::{Exc, R};
use crate::object::{BuiltinDef, Bytes, Kw, List};
use crate::value::Value;
use crate::vm::Vm;
use std::ffi::c_int;

static FUNCTIONS: &[BuiltinDef] = &[
    BuiltinDef::new("tcgetattr", 1, 1, get),
    BuiltinDef::new("tcsetattr", 3, 3, set),
    BuiltinDef::new("tcsendbreak", 2, 2, |vm, a, _| {
        let (fd, n) = (vm.fd_arg(&a[0])?, vm.c_int(&a[1])?);
        done(vm, sys!(libc::tcsendbreak(fd, n)))
    }),
    BuiltinDef::new("tcdrain", 1, 1, |vm, a, _| {
        let fd = vm.fd_arg(&a[0])?;
        let r = vm.blocking(|| sys!(libc::tcdrain(fd)))?;
        done(vm, r)
    }),
    BuiltinDef::new("tcflush", 2, 2, |vm, a, _| {
        let (fd, n) = (vm.fd_arg(&a[0])?, vm.c_int(&a[1])?);
        done(vm, sys!(libc::tcflush(fd, n)))
    }),
    BuiltinDef::new("tcflow", 2, 2, |vm, a, _| {
        let (fd, n) = (vm.fd_arg(&a[0])?, vm.c_int(&a[1])?);
        done(vm, sys!(libc::tcflow(fd, n)))
    }),
    BuiltinDef::new("tcgetwinsize", 1, 1, |vm, a, _| {
        let fd = vm.fd_arg(&a[0])?;
        // SAFETY: all zeroes is a valid buffer.
        let mut w: libc::winsize = unsafe { std::mem::zeroed() };
        done(vm, sys!(libc::ioctl(fd, libc::TIOCGWINSZ, &mut w)))?;
        Ok(vm.tuple([w.ws_row, w.ws_col].map(|n| Value::small(n as i64)).to_vec()))
    }),
    BuiltinDef::new("tcsetwinsize", 2, 2, |vm, a, _| {
        let fd = vm.fd_arg(&a[0])?;
        let pair = vm.to_vec(&a[1])?;
        let [rows, columns] = &pair[..] else {
            return vm.fail("TypeError", "tcsetwinsize, arg 2: must be a two-item sequence");
        };
        let (rows, columns) = (vm.c_int(rows)?, vm.c_int(columns)?);
        // SAFETY: all zeroes is a valid buffer.
        let mut w: libc::winsize = unsafe { std::mem::zeroed() };
        done(vm, sys!(libc::ioctl(fd, libc::TIOCGWINSZ, &mut w)))?;
        (w.ws_row, w.ws_col) = (rows as u16, columns as u16);
        done(vm, sys!(libc::ioctl(fd, libc::TIOCSWINSZ, &w)))
    }),
];

#[derive(Default)]
struct Class(Option<Value>);

pub fn init(vm: &mut Vm) -> R<Value> {
    let m = vm.new_module("termios", FUNCTIONS);
    for &(name, n) in CONSTANTS {
        vm.set_global(&m, name, Value::small(n));
    }
    let error = error_class(vm)?;
    vm.set_global(&m, "error", error);
    Ok(m)
}
fn error_class(vm: &mut Vm) -> R<Value> {
    if let Some(c) = &vm.state::<Class>().0 {
        return Ok(c.clone());
    }
    let base = vm.types.exception("Exception").clone();
    let c = vm.new_exception_class("termios.error", &base)?;
    vm.state::<Class>().0 = Some(c.clone());
    Ok(c)
}
fn error(vm: &mut Vm, errno: i32) -> Exc {
    let text = vm.string(strerror(errno));
    let made = error_class(vm).and_then(|c| vm.call(&c, &[Value::small(errno as i64), text], Kw::NONE));
    match made {
        Ok(e) => vm.raise_value(e),
        Err(e) => e,
    }
}
fn done(vm: &mut Vm, r: Result<i64, i32>) -> R<Value> {
    match r {
        Ok(_) => Ok(Value::NONE),
        Err(e) => Err(error(vm, e)),
    }
}

fn attributes(vm: &mut Vm, fd: c_int) -> R<libc::termios> {
    // SAFETY: all zeroes is a valid buffer.
    let mut t: libc::termios = unsafe { std::mem::zeroed() };
    done(vm, sys!(libc::tcgetattr(fd, &mut t)))?;
    Ok(t)
}
fn get(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let fd = vm.fd_arg(&args[0])?;
    let t = attributes(vm, fd)?;
    let mut characters: Vec<Value> = t.c_cc.iter().map(|&c| vm.bytes(&[c])).collect();
    if t.c_lflag & libc::ICANON == 0 {
        for i in [libc::VMIN, libc::VTIME] {
            characters[i] = Value::small(t.c_cc[i] as i64);
        }
    }
    let characters = vm.list(characters);
    // SAFETY: queries of a structure of ours.
    let speeds = unsafe { [libc::cfgetispeed(&t), libc::cfgetospeed(&t)] };
    let mut v: Vec<Value> =
        [t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag].map(|n| Value::small(n as i64)).to_vec();
    v.extend(speeds.map(|n| Value::small(n as i64)));
    v.push(characters);
    Ok(vm.list(v))
}
fn set(vm: &mut Vm, args: &[Value], _: Kw) -> R<Value> {
    let (fd, when) = (vm.fd_arg(&args[0])?, vm.c_int(&args[1])?);
    let items = args[2].get::<List>().map(|l| l.as_slice().to_vec()).unwrap_or_default();
    let [iflag, oflag, cflag, lflag, input, output, characters] = &items[..] else {
        return vm.fail("TypeError", "tcsetattr, arg 3: must be 7 element list");
    };
    let mut t = attributes(vm, fd)?;
    t.c_iflag = vm.c_long(iflag)? as libc::tcflag_t;
    t.c_oflag = vm.c_long(oflag)? as libc::tcflag_t;
    t.c_cflag = vm.c_long(cflag)? as libc::tcflag_t;
    t.c_lflag = vm.c_long(lflag)? as libc::tcflag_t;
    let (input, output) = (vm.c_long(input)?, vm.c_long(output)?);
    let characters = characters.get::<List>().map(|l| l.as_slice().to_vec()).unwrap_or_default();
    if characters.len() != t.c_cc.len() {
        let n = t.c_cc.len();
        return vm.fail("TypeError", format!("tcsetattr: attributes[6] must be {n} element list"));
    }
    for (slot, v) in t.c_cc.iter_mut().zip(&characters) {
        *slot = match v.get::<Bytes>() {
            Some(b) if b.len() == 1 => b.as_slice()[0],
            _ if crate::runtime::is_int(v) => vm.c_int(v)? as u8,
            _ => {
                return vm.fail(
                    "TypeError",
                    "tcsetattr: elements of attributes must be characters or integers",
                );
            }
        };
    }
    // SAFETY: a structure of ours; speeds that are none are refused.
    let r = unsafe {
        if libc::cfsetispeed(&mut t, input as _) == -1 || libc::cfsetospeed(&mut t, output as _) == -1 {
            Err(errno())
        } else {
            vm.blocking(|| sys!(libc::tcsetattr(fd, when, &t)))?
        }
    };
    done(vm, r)
}

static CONSTANTS: &[(&str, i64)] = &[
    ("B0", libc::B0 as i64),
    ("B1000000", libc::B1000000 as i64),
    ("B110", libc::B110 as i64),
    ("B115200", libc::B115200 as i64),
    ("B1152000", libc::B1152000 as i64),
    ("B1200", libc::B1200 as i64),
    ("B134", libc::B134 as i64),
    ("B14400", 14400),
    ("B150", libc::B150 as i64),
    ("B1500000", libc::B1500000 as i64),
    ("B1800", libc::B1800 as i64),
    ("B19200", libc::B19200 as i64),
    ("B200", libc::B200 as i64),
    ("B2000000", libc::B2000000 as i64),
    ("B230400", libc::B230400 as i64),
    ("B2400", libc::B2400 as i64),
    ("B2500000", libc::B2500000 as i64),
    ("B28800", 28800),
    ("B300", libc::B300 as i64),
    ("B3000000", libc::B3000000 as i64),
    ("B3500000", libc::B3500000 as i64),
    ("B38400", libc::B38400 as i64),
    ("B4000000", libc::B4000000 as i64),
    ("B460800", libc::B460800 as i64),
    ("B4800", libc::B4800 as i64),
    ("B50", libc::B50 as i64),
    ("B500000", libc::B500000 as i64),
    ("B57600", libc::B57600 as i64),
    ("B576000", libc::B576000 as i64),
    ("B600", libc::B600 as i64),
    ("B7200", 7200),
    ("B75", libc::B75 as i64),
    ("B76800", 76800),
    ("B921600", libc::B921600 as i64),
    ("B9600", libc::B9600 as i64),
    ("BRKINT", libc::BRKINT as i64),
    ("BS0", libc::BS0 as i64),
    ("BS1", libc::BS1 as i64),
    ("BSDLY", libc::BSDLY as i64),
    ("CBAUD", libc::CBAUD as i64),
    ("CBAUDEX", libc::CBAUDEX as i64),
    ("CDSUSP", 25),
    ("CEOF", 4),
    ("CEOL", 0),
    ("CEOT", 4),
    ("CERASE", 127),
    ("CFLUSH", 15),
    ("CIBAUD", libc::CIBAUD as i64),
    ("CINTR", 3),
    ("CKILL", 21),
    ("CLNEXT", 22),
    ("CLOCAL", libc::CLOCAL as i64),
    ("CQUIT", 28),
    ("CR0", libc::CR0 as i64),
    ("CR1", libc::CR1 as i64),
    ("CR2", libc::CR2 as i64),
    ("CR3", libc::CR3 as i64),
    ("CRDLY", libc::CRDLY as i64),
    ("CREAD", libc::CREAD as i64),
    ("CRPRNT", 18),
    ("CRTSCTS", libc::CRTSCTS as i64),
    ("CS5", libc::CS5 as i64),
    ("CS6", libc::CS6 as i64),
    ("CS7", libc::CS7 as i64),
    ("CS8", libc::CS8 as i64),
    ("CSIZE", libc::CSIZE as i64),
    ("CSTART", 17),
    ("CSTOP", 19),
    ("CSTOPB", libc::CSTOPB as i64),
    ("CSUSP", 26),
    ("CWERASE", 23),
    ("ECHO", libc::ECHO as i64),
    ("ECHOCTL", libc::ECHOCTL as i64),
    ("ECHOE", libc::ECHOE as i64),
    ("ECHOK", libc::ECHOK as i64),
    ("ECHOKE", libc::ECHOKE as i64),
    ("ECHONL", libc::ECHONL as i64),
    ("ECHOPRT", libc::ECHOPRT as i64),
    ("EXTA", libc::EXTA as i64),
    ("EXTB", libc::EXTB as i64),
    ("EXTPROC", libc::EXTPROC as i64),
    ("FF0", libc::FF0 as i64),
    ("FF1", libc::FF1 as i64),
    ("FFDLY", libc::FFDLY as i64),
    ("FIOASYNC", 21586),
    ("FIOCLEX", 21585),
    ("FIONBIO", 21537),
    ("FIONCLEX", 21584),
    ("FIONREAD", 21531),
    ("FLUSHO", libc::FLUSHO as i64),
    ("HUPCL", libc::HUPCL as i64),
    ("IBSHIFT", 16),
    ("ICANON", libc::ICANON as i64),
    ("ICRNL", libc::ICRNL as i64),
    ("IEXTEN", libc::IEXTEN as i64),
    ("IGNBRK", libc::IGNBRK as i64),
    ("IGNCR", libc::IGNCR as i64),
    ("IGNPAR", libc::IGNPAR as i64),
    ("IMAXBEL", libc::IMAXBEL as i64),
    ("INLCR", libc::INLCR as i64),
    ("INPCK", libc::INPCK as i64),
    ("IOCSIZE_MASK", 1073676288),
    ("IOCSIZE_SHIFT", 16),
    ("ISIG", libc::ISIG as i64),
    ("ISTRIP", libc::ISTRIP as i64),
    ("IUCLC", 512),
    ("IUTF8", libc::IUTF8 as i64),
    ("IXANY", libc::IXANY as i64),
    ("IXOFF", libc::IXOFF as i64),
    ("IXON", libc::IXON as i64),
    ("NCCS", libc::NCCS as i64),
    ("NL0", libc::NL0 as i64),
    ("NL1", libc::NL1 as i64),
    ("NLDLY", libc::NLDLY as i64),
    ("NOFLSH", libc::NOFLSH as i64),
    ("N_MOUSE", 2),
    ("N_PPP", 3),
    ("N_SLIP", 1),
    ("N_STRIP", 4),
    ("N_TTY", 0),
    ("OCRNL", libc::OCRNL as i64),
    ("OFDEL", libc::OFDEL as i64),
    ("OFILL", libc::OFILL as i64),
    ("OLCUC", libc::OLCUC as i64),
    ("ONLCR", libc::ONLCR as i64),
    ("ONLRET", libc::ONLRET as i64),
    ("ONOCR", libc::ONOCR as i64),
    ("OPOST", libc::OPOST as i64),
    ("PARENB", libc::PARENB as i64),
    ("PARMRK", libc::PARMRK as i64),
    ("PARODD", libc::PARODD as i64),
    ("PENDIN", libc::PENDIN as i64),
    ("TAB0", libc::TAB0 as i64),
    ("TAB1", libc::TAB1 as i64),
    ("TAB2", libc::TAB2 as i64),
    ("TAB3", libc::TAB3 as i64),
    ("TABDLY", libc::TABDLY as i64),
    ("TCFLSH", 21515),
    ("TCGETS", 21505),
    ("TCIFLUSH", libc::TCIFLUSH as i64),
    ("TCIOFF", libc::TCIOFF as i64),
    ("TCIOFLUSH", libc::TCIOFLUSH as i64),
    ("TCION", libc::TCION as i64),
    ("TCOFLUSH", libc::TCOFLUSH as i64),
    ("TCOOFF", libc::TCOOFF as i64),
    ("TCOON", libc::TCOON as i64),
    ("TCSADRAIN", libc::TCSADRAIN as i64),
    ("TCSAFLUSH", libc::TCSAFLUSH as i64),
    ("TCSANOW", libc::TCSANOW as i64),
    ("TCSBRK", 21513),
    ("TCSBRKP", 21541),
    ("TCSETS", 21506),
    ("TCSETSF", 21508),
    ("TCSETSW", 21507),
    ("TCXONC", 21514),
    ("TIOCCONS", libc::TIOCCONS as i64),
    ("TIOCEXCL", libc::TIOCEXCL as i64),
    ("TIOCGETD", libc::TIOCGETD as i64),
    ("TIOCGICOUNT", 21597),
    ("TIOCGLCKTRMIOS", 21590),
    ("TIOCGPGRP", libc::TIOCGPGRP as i64),
    ("TIOCGSERIAL", 21534),
    ("TIOCGSOFTCAR", 21529),
    ("TIOCGWINSZ", libc::TIOCGWINSZ as i64),
    ("TIOCINQ", 21531),
    ("TIOCLINUX", 21532),
    ("TIOCMBIC", libc::TIOCMBIC as i64),
    ("TIOCMBIS", libc::TIOCMBIS as i64),
    ("TIOCMGET", libc::TIOCMGET as i64),
    ("TIOCMIWAIT", 21596),
    ("TIOCMSET", libc::TIOCMSET as i64),
    ("TIOCM_CAR", libc::TIOCM_CAR as i64),
    ("TIOCM_CD", libc::TIOCM_CD as i64),
    ("TIOCM_CTS", libc::TIOCM_CTS as i64),
    ("TIOCM_DSR", libc::TIOCM_DSR as i64),
    ("TIOCM_DTR", libc::TIOCM_DTR as i64),
    ("TIOCM_LE", libc::TIOCM_LE as i64),
    ("TIOCM_RI", libc::TIOCM_RI as i64),
    ("TIOCM_RNG", libc::TIOCM_RNG as i64),
    ("TIOCM_RTS", libc::TIOCM_RTS as i64),
    ("TIOCM_SR", libc::TIOCM_SR as i64),
    ("TIOCM_ST", libc::TIOCM_ST as i64),
    ("TIOCNOTTY", libc::TIOCNOTTY as i64),
    ("TIOCNXCL", libc::TIOCNXCL as i64),
    ("TIOCOUTQ", libc::TIOCOUTQ as i64),
    ("TIOCPKT", libc::TIOCPKT as i64),
    ("TIOCPKT_DATA", 0),
    ("TIOCPKT_DOSTOP", 32),
    ("TIOCPKT_FLUSHREAD", 1),
    ("TIOCPKT_FLUSHWRITE", 2),
    ("TIOCPKT_NOSTOP", 16),
    ("TIOCPKT_START", 8),
    ("TIOCPKT_STOP", 4),
    ("TIOCSCTTY", libc::TIOCSCTTY as i64),
    ("TIOCSERCONFIG", 21587),
    ("TIOCSERGETLSR", 21593),
    ("TIOCSERGETMULTI", 21594),
    ("TIOCSERGSTRUCT", 21592),
    ("TIOCSERGWILD", 21588),
    ("TIOCSERSETMULTI", 21595),
    ("TIOCSERSWILD", 21589),
    ("TIOCSER_TEMT", 1),
    ("TIOCSETD", libc::TIOCSETD as i64),
    ("TIOCSLCKTRMIOS", 21591),
    ("TIOCSPGRP", libc::TIOCSPGRP as i64),
    ("TIOCSSERIAL", 21535),
    ("TIOCSSOFTCAR", 21530),
    ("TIOCSTI", libc::TIOCSTI as i64),
    ("TIOCSWINSZ", libc::TIOCSWINSZ as i64),
    ("TOSTOP", libc::TOSTOP as i64),
    ("VDISCARD", libc::VDISCARD as i64),
    ("VEOF", libc::VEOF as i64),
    ("VEOL", libc::VEOL as i64),
    ("VEOL2", libc::VEOL2 as i64),
    ("VERASE", libc::VERASE as i64),
    ("VINTR", libc::VINTR as i64),
    ("VKILL", libc::VKILL as i64),
    ("VLNEXT", libc::VLNEXT as i64),
    ("VMIN", libc::VMIN as i64),
    ("VQUIT", libc::VQUIT as i64),
    ("VREPRINT", libc::VREPRINT as i64),
    ("VSTART", libc::VSTART as i64),
    ("VSTOP", libc::VSTOP as i64),
    ("VSUSP", libc::VSUSP as i64),
    ("VSWTC", libc::VSWTC as i64),
    ("VSWTCH", 7),
    ("VT0", libc::VT0 as i64),
    ("VT1", libc::VT1 as i64),
    ("VTDLY", libc::VTDLY as i64),
    ("VTIME", libc::VTIME as i64),
    ("VWERASE", libc::VWERASE as i64),
    ("XCASE", 4),
    ("XTABS", libc::XTABS as i64),
    ("_POSIX_VDISABLE", libc::_POSIX_VDISABLE as i64),
];
